import type { AccessToken } from '../src/core/access-token.ts'
import type { ClientProfile } from '../src/core/client-profile.ts'
import type { CorePorts } from '../src/core-composition.ts'
import type { Acquired, Persist } from '../src/core/provider/identity-provider.ts'
import type { SignInAttempt } from '../src/core/connection/sign-in.ts'
import { createConnectionRows } from './connection-rows.ts'
import { createConnectionSecrets } from './connection-secret.ts'
import {
  applicationUserOf,
  failureOf,
  type Application,
  type Issued,
  type Judgement,
  type SignInCode,
} from './entra.ts'
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
    of: 'tables' | 'connections' | 'index' | 'queue',
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
    if (of === 'tables' || of === 'index') observe({ kind: 'fault', of, key: subject })
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

  async function issued(
    { name, scopes, clientId }: ClientProfile,
    who: Omit<Grant, 'instance' | 'startTimestamp'>,
    judge: (application: Application) => Judgement,
  ): Promise<{ readonly grant: Grant; readonly issued: Issued; readonly token: AccessToken }> {
    const grant: Grant = { ...who, instance: instance.name, startTimestamp: queue.time() }
    const [audience = ''] = scopes
    const application = { ...world.registrationOf(name), clientId, audience }
    observe({ kind: 'asked', grant })
    const judgement = await ofEntra(grant, labelOf(grant), () => judge(application))
    if ('failure' in judgement) {
      observe({ kind: 'returned', grant, failure: judgement.failure })
      throw new core.IdentityProviderError(judgement.failure)
    }
    observe({ kind: 'returned', grant })
    const { id: value, lifetimeInMs } = judgement.issued
    // Seconds, as MSAL keeps them.
    const acquiredOnTimestamp = Math.floor(now() / 1000) * 1000
    const expiresOnTimestamp = acquiredOnTimestamp + lifetimeInMs
    return { grant, issued: judgement.issued, token: { value, acquiredOnTimestamp, expiresOnTimestamp } }
  }

  async function acquire(
    profile: ClientProfile,
    who: Omit<Grant, 'instance' | 'startTimestamp'> & Pick<Cache, 'username'>,
    persist: Persist,
    judge: (application: Application) => Judgement,
  ): Promise<Acquired> {
    const { username, ...asked } = who
    const got = await issued(profile, asked, judge)
    const { refreshToken, user, connection } = got.issued
    const cache: Cache = { token: got.token, refreshToken, user, username, connection }
    const stored = await persist(JSON.stringify(cache))
    observe({ kind: 'persisted', grant: got.grant, outcome: stored })
    return { token: { ...got.token, acquiredOnTimestamp: now() }, stored }
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
    connections: createConnectionRows(world, vault.sealingKey, (...call) =>
      ofStorage('connections', ...call),
    ),
    connectionSecrets: createConnectionSecrets(instance.name),
    signInAttempts: {
      async seal(attempt) {
        return JSON.stringify({ attempt, keyVersion: await vault.sealingKey() })
      },
      async open(sealed) {
        const { attempt, keyVersion } = JSON.parse(sealed) as { attempt: SignInAttempt; keyVersion: number }
        return keyVersion === (await vault.sealingKey()) || world.isEnabled(keyVersion) ? attempt : undefined
      },
    },
    async resolveSecretKey(secret) {
      await vault.indexKey()
      return secret
    },
    randomKey: () => `k${(ids += 1)}-${instance.name}`,
    chunkQueue: {
      isEmpty: () =>
        ofStorage('queue', 'queue', 'asks whether the queue is empty', () => storage.messages.size === 0),
      put: (chunk) => ofStorage('queue', 'queue', 'puts a chunk', () => world.deliver(chunk)),
    },
    identityProvider: {
      cachedTokenOf,
      acquireByPassword: (profile, { username, password }, persist) => {
        const user = username.toLowerCase()
        return acquire(profile, { key: `${profile.name}/${user}`, user, password }, persist, (application) =>
          entra.signIn(user, password, application),
        )
      },
      acquireByRefreshToken: (profile, serializedCache, persist, correlationId) => {
        const { refreshToken, user, username, connection, isNew } = JSON.parse(serializedCache) as Cache
        const who = { key: `${profile.name}/${user}`, user, username, refreshToken, correlationId }
        const of = connection !== undefined && ofConnection(connection, isNew)
        return acquire(profile, { ...who, ...of }, persist, (application) =>
          entra.refresh(refreshToken, application),
        )
      },
      async beginSignIn(_, redirectUri) {
        const request = { state: `state ${(ids += 1)}`, nonce: `nonce ${ids} of ${instance.name}` }
        const url = `${redirectUri}?${new URLSearchParams(request).toString()}`
        return { url, ...request, codeVerifier: `verifier ${ids}` }
      },
      async acquireByCode(profile, { code, nonce }, correlationId) {
        const signedIn = JSON.parse(code) as SignInCode
        const { user, username, connection } = signedIn
        const who = { ...ofConnection(connection, true), user, correlationId }
        const got = await issued(profile, who, (application) => entra.redeem(signedIn, nonce, application))
        const { refreshToken } = got.issued
        const cache: Cache = { token: got.token, refreshToken, user, username, connection, isNew: true }
        const account = { tenantId: 'tenant', objectId: user, username }
        return { account, serializedCache: JSON.stringify(cache) }
      },
      acquireByClientCredentials: (profile, persist, correlationId) => {
        const user = applicationUserOf({ client: profile.name })
        const who = { key: user, user, connection: 'application' as const, correlationId }
        return acquire(profile, who, persist, entra.issueToApplication)
      },
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

function labelOf({ key, password, refreshToken, connection }: Grant): string {
  if (password !== undefined) return `signs in ${key} by ${password}`
  return refreshToken === undefined
    ? `gets a token for the ${connection} ${key}`
    : `refreshes ${key} by ${refreshToken}`
}

/** What a person has just given is nobody's entry yet. */
function ofConnection(id: string, isNew = false): Pick<Grant, 'key' | 'connection'> {
  return isNew ? { key: `sign-in for ${id}`, connection: 'sign_in' } : { key: id, connection: 'renewal' }
}

/** What stands for MSAL's serialized cache. */
interface Cache {
  readonly token: AccessToken
  readonly refreshToken: string
  readonly user: string
  /** Of who signed in for a connection. */
  readonly username?: string | undefined
  /** Its id. */
  readonly connection?: string | undefined
  /** Of a code, and not stored. */
  readonly isNew?: boolean
}

function cachedTokenOf(serializedCache: string): AccessToken {
  return (JSON.parse(serializedCache) as Cache).token
}
