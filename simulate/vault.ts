import type { ClientProfile } from '../src/core/client-profile.ts'
import type { CorePorts } from '../src/core-composition.ts'
import type { Call, Instance } from './instance.ts'
import { MINUTE } from './stimulus.ts'
import type { Profile, World } from './world.ts'

const MAX_AGE_IN_MS = 5 * MINUTE

/** The core takes a byte of it for its cheap check; of real ones 256 differ, of these two, so that the costly check has work. */
function digestOf(password: string): string {
  let hash = 0
  for (const letter of password) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0
  return `${hash & 64 ? 'A' : 'B'}A ${password}`
}

/** Key Vault as one instance sees it: kept for five minutes, and for longer when it cannot be asked. */
export function createVault(world: World, instance: Instance, call: <T>(call: Call<T>) => Promise<T>) {
  const { queue, core, chanceOf, faultOf } = world

  /** One secret, read by at most one call at a time. */
  function kept<T>(name: string, read: () => T): () => Promise<T> {
    let known: { readonly value: T; readonly at: number } | undefined
    let reading: Promise<T> | undefined
    const subject = `${instance.name} ${name}`
    async function fetched(): Promise<T> {
      const fault = faultOf('vault', subject, ['refused', 'hangs'])
      const fails = () => {
        throw new core.BrokerError('temporarily_unavailable')
      }
      const latencyInMs = fault === 'hangs' ? 3000 : chanceOf(subject).between(5, 60)
      const answer = fault ? { answer: fails } : { apply: read }
      try {
        const value = await call({ subject, label: `reads the secret ${name}`, latencyInMs, ...answer })
        known = { value, at: queue.time() }
        return value
      } catch (error) {
        if (!known) throw error
        return known.value
      } finally {
        reading = undefined
      }
    }
    return () => {
      if (known && queue.time() - known.at < MAX_AGE_IN_MS) return Promise.resolve(known.value)
      return (reading ??= fetched())
    }
  }

  const secrets = new Map<string, () => Promise<Profile | undefined>>()
  const indexKey = kept('index key', () => '')
  const profiles: CorePorts['profiles'] = {
    async get(name): Promise<ClientProfile> {
      const read = secrets.get(name) ?? kept(`client-${name}`, () => world.profileOf(name))
      secrets.set(name, read)
      const profile = await read()
      if (!profile?.audience) throw new core.BrokerError('unknown_client')
      const { audience, clientId, grants } = profile
      return {
        name,
        authority: 'https://entra',
        clientId,
        scopes: [audience],
        grants,
        fingerprint: audience,
        clientFingerprint: clientId,
      }
    },
  }
  return {
    profiles,
    indexKey,
    sealingKey: kept('sealing key', () => world.keyVersion()),
    async resolveEntryKey(client: string, username: string) {
      await indexKey()
      return `${client}/${username}`
    },
    async resolveAttempt(_: string, username: string, password: string) {
      await indexKey()
      return { rowKey: username, digest: digestOf(password) }
    },
  }
}
