import { BrokerError } from '../../core/broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../../core/client-profile.ts'
import { clientProfileSchema } from './client-profile-schema.ts'
import type { VaultSecret, VaultSecrets } from './vault-secrets.ts'

/** The profile of a request that names none. */
export const DEFAULT_PROFILE = 'default'

/** Client profiles, each the JSON in a Key Vault secret `client-<profile>`. */
export function createClientProfiles(secrets: VaultSecrets): ClientProfiles {
  const parsed = new WeakMap<VaultSecret, ClientProfile>()
  return {
    async get(name) {
      const secretName = `client-${name}`
      const secret = await secrets.get(secretName)
      if (secret === 'absent' && name !== DEFAULT_PROFILE) throw new BrokerError('unknown_client')
      if (typeof secret === 'string') throw misconfigured(secretName, `is ${secret}`)
      const profile = parsed.get(secret) ?? clientProfileOf(name, secret)
      parsed.set(secret, profile)
      return profile
    },
  }
}

function clientProfileOf(name: string, secret: VaultSecret): ClientProfile {
  const { data, error } = clientProfileSchema.safeParse(jsonOf(secret))
  if (error) {
    const problems = error.issues.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(' '),
    )
    throw misconfigured(secret.name, problems.join('; '))
  }
  const { authority, clientId, scopes } = data
  return { ...data, name, fingerprint: JSON.stringify([authority, clientId, scopes]) }
}

function jsonOf({ name, value }: VaultSecret): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw misconfigured(name, 'is not JSON')
  }
}

function misconfigured(secretName: string, problem: string): BrokerError {
  return new BrokerError('misconfigured', { logDetail: `Key Vault: secret ${secretName}: ${problem}` })
}
