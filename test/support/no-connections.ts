import type { IdentityProvider } from '../../src/core/provider/identity-provider.ts'

const nobody = async () => {
  throw new Error('nobody connects anything')
}

/** For a provider of users and their passwords alone. */
export const NO_CONNECTIONS: Pick<
  IdentityProvider,
  'beginSignIn' | 'acquireByCode' | 'acquireByClientCredentials'
> = { beginSignIn: nobody, acquireByCode: nobody, acquireByClientCredentials: nobody }
