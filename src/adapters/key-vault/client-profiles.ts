import { BrokerError } from '../../core/broker-error.ts'
import { DEFAULT_CLIENT, type ClientProfile, type ClientProfiles } from '../../core/client-profile.ts'
import { clientProfileSchema } from './client-profile-schema.ts'
import { createParsedSecrets } from './parsed-secret.ts'
import { isMeantAsProfile, profileJsonOf } from './profile-json.ts'
import { createProfileNames } from './profile-names.ts'
import type { VaultProblems } from './vault-problems.ts'
import type { VaultSecret, VaultSecrets } from './vault-secrets.ts'

/** US Government clouds lock an account after three wrong passwords. */
const LOCKS_EARLY = /\.us$/

export interface ClientProfilesOptions {
  readonly secrets: VaultSecrets
  readonly problems: VaultProblems
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** Client profiles, each the JSON in a Key Vault secret `client-<profile>`. */
export function createClientProfiles({ secrets, problems, elapsed }: ClientProfilesOptions): ClientProfiles {
  const parsed = createParsedSecrets(secrets, problems, clientProfileOf)
  const names = createProfileNames(secrets, elapsed)
  const known = new Set<string>([DEFAULT_CLIENT])
  return {
    async get(name) {
      if (!known.has(name) && !(await names.mayExist(name))) throw new BrokerError('unknown_client')
      const secretName = `client-${name}`
      const profile = await parsed.get(secretName)
      if (profile === 'absent' || profile === 'disabled') {
        if (name !== DEFAULT_CLIENT) known.delete(name)
        if (profile === 'absent' && name !== DEFAULT_CLIENT) throw new BrokerError('unknown_client')
        throw misconfigured(secretName, `is ${profile}`)
      }
      // The name of a secret that is no profile is told to nobody.
      if (profile === NO_PROFILE) throw new BrokerError('unknown_client')
      known.add(name)
      return profile
    },
  }
}

/** Another program's secret, whose name begins like a profile's. */
const NO_PROFILE: ClientProfile = {
  name: '',
  authority: '',
  clientId: '',
  scopes: [],
  grants: [],
  fingerprint: '',
  clientFingerprint: '',
}

function clientProfileOf(secret: VaultSecret): ClientProfile {
  const name = secret.name.slice('client-'.length).toLowerCase()
  const json = jsonOf(secret)
  if (name !== DEFAULT_CLIENT && !isObject(json)) return NO_PROFILE
  const { data, error } = clientProfileSchema.safeParse(json)
  if (error) {
    const problems = error.issues.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(' '),
    )
    throw misconfigured(secret.name, problems.join('; '))
  }
  const { authority, clientId, scopes } = data
  return {
    ...data,
    name,
    ...(LOCKS_EARLY.test(new URL(authority).hostname) && { maxRefusedPasswords: 1 }),
    fingerprint: JSON.stringify([authority, clientId, scopes]),
    clientFingerprint: JSON.stringify([authority, clientId]),
  }
}

function isObject(json: unknown): boolean {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** `undefined` for what is no JSON, in a profile that may be somebody else's secret. */
function jsonOf({ name, value }: VaultSecret): unknown {
  const json = profileJsonOf(value)
  if ('value' in json) return json.value
  if (name.toLowerCase() !== `client-${DEFAULT_CLIENT}` && !isMeantAsProfile(value)) return undefined
  throw misconfigured(name, json.problem)
}

function misconfigured(secretName: string, problem: string): BrokerError {
  return new BrokerError('misconfigured', { logDetail: `Key Vault: secret ${secretName}: ${problem}` })
}
