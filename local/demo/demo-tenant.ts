import { randomBytes } from 'node:crypto'
import { aadstsCatalogue } from '../entra/aadsts-catalogue.ts'
import type { EntraEmulator } from '../entra/entra-emulator.ts'
import type { KeyVaultEmulator } from '../key-vault/key-vault-emulator.ts'

export const demoUser = { username: 'demo@contoso.example', password: 'Correct-Horse-Battery-1' } as const
export const demoResource = 'https://contoso.crm.dynamics.com'
export const demoClientId = 'd1c7a7f4-5b1e-4c1f-9d39-0b7a5c1de0aa'
const confidentialClient = {
  clientId: 'c0f1de27-5b1e-4c1f-9d39-0b7a5c1de0aa',
  clientSecret: 'local-client-secret',
} as const

/** A password alone does not let this one in: a person signs in with the code, once, and connects a connection. */
export const mfaUser = {
  username: 'mfa@contoso.example',
  password: demoUser.password,
  secondFactor: '123456',
} as const
const redirectUris = ['http://localhost/connect/callback']

/** Who signs in with the demo user's password, and is refused all the same: the name's first part, and the AADSTS code. */
export const refusedUsers: Readonly<Record<string, number>> = {
  agent: 80002,
  blocked: 53003,
  consent: 65001,
  device: 53000,
  disabled: 50057,
  expired: 50055,
  federated: 50126,
  guest: 50020,
  hours: 80012,
  locked: 50053,
  throttled: 90055,
  unassigned: 50105,
}

const namedByCode = Object.fromEntries(
  Object.keys(aadstsCatalogue).map((code) => [`aadsts${code}`, Number(code)]),
)

/**
 * Fills the vault and the directory for a first request: keys, the profiles `default` and `confidential`, the demo user, users
 * that are refused, and `aadsts<code>@contoso.example` for each code. What is there already stays: keys, the demo user's password.
 */
export function seedDemoTenant(keyVault: KeyVaultEmulator, entra: EntraEmulator): void {
  for (const name of ['token-cache-encryption-key', 'token-cache-index-key']) {
    if (keyVault.currentValue(name) === undefined)
      keyVault.setSecret(name, randomBytes(32).toString('base64'))
  }
  const profileOf = (client: object): string =>
    JSON.stringify({ authority: entra.authority(), ...client, resource: demoResource })
  const profiles = {
    'client-default': profileOf({ clientId: demoClientId, grants: ['authorization_code'] }),
    'client-confidential': profileOf({
      ...confidentialClient,
      grants: ['authorization_code', 'client_credentials'],
    }),
  }
  for (const [name, profile] of Object.entries(profiles)) {
    if (keyVault.currentValue(name) !== profile) keyVault.setSecret(name, profile)
  }
  entra.setApplication({ clientId: demoClientId, publicClientFlows: true, redirectUris })
  entra.setApplication({ ...confidentialClient, publicClientFlows: false, redirectUris })
  const refused = Object.entries({ ...refusedUsers, ...namedByCode }).map(([name, failWith]) => ({
    username: `${name}@contoso.example`,
    password: demoUser.password,
    failWith,
  }))
  entra.setUser(...refused, mfaUser, ...(entra.hasUser(demoUser.username) ? [] : [demoUser]))
}
