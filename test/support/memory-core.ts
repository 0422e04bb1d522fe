import { composeCore, type Core, type CorePorts, type CoreSettings } from '../../src/core-composition.ts'
import type { ClientProfile } from '../../src/core/client-profile.ts'
import type { SignInAttempt } from '../../src/core/connection/sign-in.ts'
import type { ProviderFailure } from '../../src/core/provider/provider-failure.ts'
import {
  connectionSecretDigest,
  createConnectionSecret,
  isConnectionSecret,
  isMeantAsConnectionSecret,
  matchesConnectionSecret,
} from '../../src/crypto/connection-secret.ts'
import { createKeyedDigest } from '../../src/crypto/keyed-digest.ts'
import { createMemoryConnectionStore } from './memory-connection-store.ts'
import { createMemoryDueIndex } from './memory-due-index.ts'
import { createMemoryEntryStore } from './memory-entry-store.ts'
import { createMemoryRefusalStore } from './memory-refusal-store.ts'

export const PROFILE: ClientProfile = {
  name: 'default',
  authority: 'https://login.example/t',
  clientId: 'c',
  scopes: ['s'],
  fingerprint: 'f1',
  grants: [],
  clientFingerprint: 'c',
}

/** The identity provider looked at the password and refused it, but for the fields that say otherwise. */
export const refusalOf = (fields: Partial<ProviderFailure> = {}): ProviderFailure => ({
  category: 'invalid_credentials',
  scope: 'account',
  judgement: 'judged',
  isHeldBack: false,
  detail: '',
  ...fields,
})

/** The product's core over ports in memory, but for those given, with the settings' defaults, but for those given. */
export function composeMemoryCore(
  ports: Pick<CorePorts, 'identityProvider' | 'clock'> & Partial<CorePorts>,
  settings: Partial<CoreSettings> = {},
): Core {
  const digest = createKeyedDigest(new Uint8Array(32))
  let ids = 0
  let keys = 0
  return composeCore(
    {
      profiles: { get: async (name) => ({ ...PROFILE, name }) },
      store: createMemoryEntryStore(),
      dueIndex: createMemoryDueIndex(),
      refusals: createMemoryRefusalStore(ports.clock.now),
      connections: createMemoryConnectionStore(),
      connectionSecrets: {
        create: createConnectionSecret,
        isMeant: isMeantAsConnectionSecret,
        isWhole: isConnectionSecret,
        digestOf: connectionSecretDigest,
        matches: matchesConnectionSecret,
      },
      signInAttempts: {
        seal: async (attempt) => `sealed ${JSON.stringify(attempt)}`,
        open: async (sealed) =>
          sealed.startsWith('sealed ') ? (JSON.parse(sealed.slice(7)) as SignInAttempt) : undefined,
      },
      resolveSecretKey: async (secret) => digest('secret', secret),
      randomKey: () => `connection ${++keys}`,
      pruneActivity: async () => {},
      chunkQueue: { isEmpty: async () => true, put: async () => {} },
      passwordHash: {
        create: async (password) => digest('verifier', password),
        matches: async (verifier, password) => verifier === digest('verifier', password),
      },
      resolveEntryKey: async (client, username) => digest('entry', client, username),
      resolveAttempt: async (authority, username, password) => ({
        rowKey: digest('user', authority, username),
        digest: digest('password', authority, username, password),
      }),
      digestOf: digest,
      delay: async () => {},
      random: () => 0.5,
      randomId: () => `id ${++ids}`,
      ...ports,
    },
    {
      refreshThresholdInMs: 600_000,
      passwordMaxAgeInMs: 86_400_000,
      idleEvictionInMs: 7 * 86_400_000,
      idleRenewalInMs: 180 * 86_400_000,
      leaseInMs: 19_000,
      maxRefusedPasswords: 3,
      refusalWindowInMs: 600_000,
      waitLimitInMs: 18_000,
      refreshConcurrency: 32,
      refreshFanoutAbove: 1000,
      publicUrl: 'https://broker.example',
      ...settings,
    },
  )
}
