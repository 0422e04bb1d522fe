import type { AccessToken } from '../src/core/access-token.ts'
import type { ClientProfile } from '../src/core/client-profile.ts'
import type { CorePorts } from '../src/core-composition.ts'
import type { Acquired, Persist } from '../src/core/provider/identity-provider.ts'
import { failureOf, type Application, type Judgement } from './entra.ts'
import type { Grant } from './happening.ts'
import { createWire, type Instance } from './instance.ts'
import { createVault } from './vault.ts'
import type { World } from './world.ts'

/** Of the real adapters' settings. */
const STORAGE_TIMEOUT_IN_MS = 3_000
const ENTRA_TIMEOUT_IN_MS = 10_000

class StorageFault extends Error {
  override readonly name = 'StorageFault'
}

/** All that the core of one instance asks of the world, simulated: the one place that a new port is added to. */
export function createPorts(world: World, instance: Instance): CorePorts {
  const { queue, core, storage, entra, observe, chanceOf, faultOf } = world
  const { now } = instance
  const call = createWire(world, instance)
  const vault = createVault(world, instance, call)

  /** @param metItself what the SDK's retry makes of a write whose first answer was lost. */
  async function ofStorage<T>(
    of: 'tables' | 'index' | 'queue',
    subject: string,
    label: string,
    apply: () => T,
    metItself: (result: T) => T = (result) => result,
  ): Promise<T> {
    const chance = chanceOf(subject)
    const latencyInMs = chance.isTrue(0.02) ? chance.between(30, 300) : chance.between(2, 25)
    const fault = faultOf(of, subject, ['refused', 'hangs', 'lost', 'lost', 'met_itself'])
    const fails = (reason: string) => () => {
      throw new StorageFault(reason)
    }
    if (!fault) return call({ subject, label, latencyInMs, apply })
    if (of !== 'queue') observe({ kind: 'fault', of, key: subject })
    if (fault === 'refused') return call({ subject, label, latencyInMs, answer: fails('503') })
    if (fault === 'hangs') {
      return call({ subject, label, latencyInMs: STORAGE_TIMEOUT_IN_MS, answer: fails('time-out') })
    }
    if (fault === 'lost') {
      return call({ subject, label, latencyInMs: STORAGE_TIMEOUT_IN_MS, apply, answer: fails('answer lost') })
    }
    return call({ subject, label, latencyInMs: latencyInMs + 150, apply: () => metItself(apply()) })
  }

  async function ofEntra(grant: Grant, label: string, judge: () => Judgement): Promise<Judgement> {
    const { key: subject } = grant
    const chance = chanceOf(subject)
    const latencyInMs = chance.isTrue(0.05) ? chance.between(500, 2000) : chance.between(60, 500)
    const judged = (): Judgement => {
      const judgement = judge()
      observe({ kind: 'judged', grant, ...judgement })
      return judgement
    }
    const instead = (judgement: 'not_judged' | 'unknown', retryAfterInMs?: number) => (): Judgement => ({
      failure: failureOf('temporarily_unavailable', 'service', judgement, { retryAfterInMs }),
    })
    const throttled = faultOf('throttling', subject, [30_000, 300_000])
    if (throttled) return call({ subject, label, latencyInMs, answer: instead('not_judged', throttled) })
    const fault = faultOf('entra', subject, ['slow', 'unreachable', 'hangs', 'lost', '503'])
    if (!fault) return call({ subject, label, latencyInMs, apply: judged })
    if (fault === 'slow')
      return call({ subject, label, latencyInMs: chance.between(2000, 9900), apply: judged })
    if (fault === 'unreachable' || fault === '503') {
      return call({ subject, label, latencyInMs: 40, answer: instead('not_judged') })
    }
    const apply = fault === 'lost' ? { apply: judged } : {}
    return call({ subject, label, latencyInMs: ENTRA_TIMEOUT_IN_MS, ...apply, answer: instead('unknown') })
  }

  async function acquire(
    { name, scopes, clientId }: ClientProfile,
    who: Pick<Grant, 'user' | 'password' | 'refreshToken'>,
    persist: Persist,
    judge: (application: Application) => Judgement,
  ): Promise<Acquired> {
    const key = `${name}/${who.user}`
    const grant: Grant = { ...who, key, instance: instance.name, startTimestamp: queue.time() }
    const [audience = ''] = scopes
    const application = { ...world.registrationOf(clientId), audience }
    const label =
      who.password === undefined
        ? `refreshes ${key} by ${who.refreshToken}`
        : `signs in ${key} by ${who.password}`
    observe({ kind: 'asked', grant })
    const judgement = await ofEntra(grant, label, () => judge(application))
    if ('failure' in judgement) {
      observe({ kind: 'returned', grant, failure: judgement.failure })
      throw new core.IdentityProviderError(judgement.failure)
    }
    observe({ kind: 'returned', grant })
    const { id: value, user, lifetimeInMs, refreshToken } = judgement.issued
    // Seconds, as MSAL keeps them.
    const acquiredOnTimestamp = Math.floor(now() / 1000) * 1000
    const expiresOnTimestamp = acquiredOnTimestamp + lifetimeInMs
    const cache: Cache = { token: { value, acquiredOnTimestamp, expiresOnTimestamp }, refreshToken, user }
    const stored = await persist(JSON.stringify(cache))
    observe({ kind: 'persisted', grant, outcome: stored })
    return { token: { value, acquiredOnTimestamp: now(), expiresOnTimestamp }, stored }
  }

  const conflict = () => undefined
  let ids = 0

  return {
    profiles: vault.profiles,
    resolveEntryKey: (client, username) => vault.resolveEntryKey(client, username),
    resolveAttempt: (authority, username, password) => vault.resolveAttempt(authority, username, password),
    store: {
      async read(key) {
        const [stored, sealingKey] = await Promise.all([
          ofStorage('tables', key, `reads ${key}`, () => storage.rowOf(key)),
          vault.sealingKey(),
        ])
        if (!stored) return undefined
        const { entry, keyVersion, ...marks } = stored
        return {
          ...marks,
          entry: keyVersion === sealingKey || world.isEnabled(keyVersion) ? entry : undefined,
        }
      },
      async write(key, entry, lastUsedTimestamp, etag) {
        const keyVersion = await vault.sealingKey()
        const row = { entry, keyVersion, lastUsedTimestamp, leasedUntilTimestamp: 0, failures: 0 }
        const write = () => {
          const written = storage.write(key, row, etag)
          if (written) observe({ kind: 'written', key, row: { ...row, etag: written } })
          return written
        }
        return ofStorage('tables', key, `writes ${key} over ${etag}`, write, conflict)
      },
      mark: (key, marks, etag) =>
        ofStorage(
          'tables',
          key,
          `marks ${key} of ${etag} with ${JSON.stringify(marks)}`,
          () => storage.mark(key, marks, etag),
          conflict,
        ),
      list: () => Promise.reject(new StorageFault('no operator is here')),
      remove: (key, etag) =>
        ofStorage('tables', key, `removes ${key} of ${etag}`, () => {
          const row = storage.rowOf(key)
          const isRemoved = storage.remove(key, etag)
          if (isRemoved && row) observe({ kind: 'removed', key, row })
          return isRemoved
        }),
    },
    dueIndex: {
      add: (hint) =>
        ofStorage('index', hint.entryKey, `hints at ${hint.entryKey}`, () => {
          storage.addHint(hint)
          observe({ kind: 'hinted', hint })
        }),
      remove: (hint) =>
        ofStorage('index', hint.entryKey, `takes the hint at ${hint.entryKey} away`, () => {
          storage.removeHint(hint)
          observe({ kind: 'unhinted', hint })
        }),
      dueBefore: (timestamp) =>
        ofStorage('index', 'all', 'looks for what is due', () => storage.dueBefore(timestamp)),
    },
    refusals: {
      async read(key) {
        const [row] = await Promise.all([
          ofStorage('tables', key, `reads the refusals of ${key}`, () => storage.refusalsOf(key)),
          vault.sealingKey(),
        ])
        return row && { etag: row.etag, refusals: world.isEnabled(row.keyVersion) ? row.refusals : undefined }
      },
      async write(key, refusals, etag) {
        const row = { refusals, keyVersion: await vault.sealingKey(), writtenOnTimestamp: queue.time() }
        const label = `writes the refusals of ${key} over ${etag}: ${refusals.tries.map(({ state }) => state).join(' ')}`
        return ofStorage('tables', key, label, () => storage.writeRefusals(key, row, etag), conflict)
      },
      remove: (key, etag) =>
        ofStorage('tables', key, `removes the refusals of ${key} of ${etag}`, () =>
          storage.removeRefusals(key, etag),
        ),
      prune: (beforeTimestamp) =>
        ofStorage('tables', 'all', 'prunes refusals', () => storage.pruneRefusals(beforeTimestamp)),
    },
    pruneActivity: async () => {},
    connections: NO_CONNECTIONS,
    connectionSecrets: {
      create: () => 'etb_',
      isMeant: (text) => text.startsWith('etb_'),
      isWhole: () => false,
      digestOf: (secret) => secret,
      matches: () => false,
    },
    signInAttempts: { seal: noConnection, open: noConnection },
    resolveSecretKey: async (secret) => secret,
    randomKey: () => 'key',
    chunkQueue: {
      isEmpty: () =>
        ofStorage('queue', 'queue', 'asks whether the queue is empty', () => storage.messages.size === 0),
      put: (chunk) => ofStorage('queue', 'queue', 'puts a chunk', () => world.deliver(chunk)),
    },
    identityProvider: {
      cachedTokenOf,
      acquireByPassword: (profile, { username, password }, persist) => {
        const user = username.toLowerCase()
        return acquire(profile, { user, password }, persist, (application) =>
          entra.signIn(user, password, application),
        )
      },
      acquireByRefreshToken: (profile, serializedCache, persist) => {
        const { refreshToken, user } = JSON.parse(serializedCache) as Cache
        return acquire(profile, { user, refreshToken }, persist, (application) =>
          entra.refresh(refreshToken, application),
        )
      },
      beginSignIn: noConnection,
      acquireByCode: noConnection,
      acquireByClientCredentials: noConnection,
    },
    passwordHash: {
      create: (password) => hashing(password, () => `v:${password}`),
      matches: (verifier, password) => hashing(password, () => verifier === `v:${password}`),
    },
    digestOf: (...parts) => parts.join('\n'),
    clock: { now, elapsed: () => queue.time() - instance.bornTimestamp },
    delay: (timeInMs) =>
      call({ subject: instance.name, label: 'has waited', latencyInMs: timeInMs, apply: () => {} }),
    random: world.chanceOf(`${instance.name} jitter`).next,
    randomId: () => `id ${(ids += 1)} of ${instance.name}`,
  }

  function hashing<T>(password: string, hash: () => T): Promise<T> {
    const chance = chanceOf(`hash ${password}`)
    return call({
      subject: `hash ${password}`,
      label: 'hashes',
      latencyInMs: chance.between(40, 120),
      apply: hash,
    })
  }
}

const noConnection = async () => {
  throw new Error('no connection is made')
}

const NO_CONNECTIONS: CorePorts['connections'] = {
  read: async () => undefined,
  write: async () => undefined,
  remove: async () => true,
  list: async () => ({ connections: [], next: undefined }),
  nameOf: async () => undefined,
  link: async () => {},
  unlink: async () => {},
  reseal: async () => 0,
}

/** What stands for MSAL's serialized cache. */
interface Cache {
  readonly token: AccessToken
  readonly refreshToken: string
  readonly user: string
}

function cachedTokenOf(serializedCache: string): AccessToken {
  return (JSON.parse(serializedCache) as Cache).token
}
