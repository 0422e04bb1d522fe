import { isMeantAsSecret } from './connection-secret.ts'
import type { KnownConnection } from './connection-facts.ts'
import { ANOTHER_CLIENT, applicationUserOf } from './entra.ts'
import type { Happening, SecretAnswer } from './happening.ts'
import type { Invariant, Observed } from './invariants.ts'
import { HOUR, MINUTE, SECOND } from './stimulus.ts'

/** docs/connections.md: "Other instances follow a changed or deleted secret within five minutes." */
const MEMORY_IN_MS = 5 * MINUTE
/** README: "by all within ten". */
const PROFILE_CHANGE_IN_MS = 10 * MINUTE
/** What was begun before something happened may still end as if it had not. */
const FLIGHT_IN_MS = 30 * SECOND
/** So long after the last disturbance the world is calm. */
const CALM_AFTER_MS = 10 * MINUTE
const DAY_IN_MS = 24 * HOUR
const SIGN_IN_IN_MS = 15 * MINUTE
/** Of the entry in a table row. */
interface Cache {
  readonly token: { readonly expiresOnTimestamp: number; readonly acquiredOnTimestamp: number }
  readonly user: string
  readonly username?: string
}

/** "The secret is the password": one that was never made opens nothing, nor one that was retired or deleted more than five minutes ago. */
const onlySecretsThatHold: Invariant = (happening, { facts }) => {
  const answer = tokenOf(happening)
  if (!answer) return undefined
  const { secret, startTimestamp } = answer
  const known = facts.connections.secrets.get(secret)
  if (!known) return { what: `${secret} never was made`, subject: answer.brokered.entryKey }
  return startTimestamp > known.until + MEMORY_IN_MS + FLIGHT_IN_MS + facts.spreadInMs
    ? { what: `${secret} holds no longer`, subject: subjectOf(known) }
    : undefined
}

/** "Here at once, in other instances within five minutes." */
const endedAtOnceHere: Invariant = (happening, { facts }) => {
  const answer = tokenOf(happening)
  const known = answer && facts.connections.secrets.get(answer.secret)
  const endedAt = known?.endedIn.get(answer?.instance ?? '') ?? Infinity
  return known && answer && answer.startTimestamp > endedAt + FLIGHT_IN_MS
    ? { what: `${answer.secret} was ended by ${answer.instance}`, subject: subjectOf(known) }
    : undefined
}

/** A secret's token is of its connection's account or application, and for its profile's audience. */
const tokenOfItsConnection: Invariant = (happening, world) => {
  const { entra, facts, storage } = world
  const answer = tokenOf(happening)
  const known = answer && connectionOf(answer, world)
  if (!answer || !known) return undefined
  const issued = entra.issuedOf(answer.brokered.token.value)
  const subject = subjectOf(known)
  if (!issued) return { what: `${answer.brokered.token.value} is no token of Entra ID's`, subject }
  const isApplication = known.grant === 'client_credentials'
  const isOfConnection = isApplication
    ? issued.user === applicationUserOf(known)
    : issued.connection === known.id
  if (!isOfConnection || issued.client !== known.client) {
    return { what: `${issued.id} is ${issued.client}/${issued.user}'s for ${issued.connection}`, subject }
  }
  const { pinned } = storage.connections.rowOf(known.name)?.connection ?? {}
  const isPinned = facts.connections.all.get(known.id)?.pinnedAt ?? Infinity
  const isSettled = answer.startTimestamp > isPinned + MEMORY_IN_MS + FLIGHT_IN_MS
  const isHere = storage.connections.rowOf(known.name)?.connection.id === known.id
  if (pinned && isHere && isSettled && pinned.objectId !== issued.user) {
    return { what: `${issued.id} is ${issued.user}'s`, subject }
  }
  const times = facts.audiences.get(known.client)?.filter(({ audience }) => audience === issued.audience)
  // Who cannot ask the vault goes on with what was good last.
  const noticed = Math.max(...(times ?? []).map(({ until }) => until), facts.disturbedUntil)
  return answer.startTimestamp > noticed + PROFILE_CHANGE_IN_MS + FLIGHT_IN_MS
    ? { what: `${issued.id} is for ${issued.audience}`, subject }
    : undefined
}

/** "The user name is the connection's name, or the account"; "without an account, any", but another connection's. */
const calledByItsName: Invariant = (happening, world) => {
  const answer = tokenOf(happening)
  const known = answer && connectionOf(answer, world)
  return answer && known && !isCalledSo(known, answer.calledBy)
    ? { what: `${known.name} was called ${answer.calledBy}`, subject: subjectOf(known) }
    : undefined
}

/** "A connection has its own profile, and another one is 400." */
const ownProfileOnly: Invariant = (happening, world) => {
  const answer = tokenOf(happening)
  const known = answer && connectionOf(answer, world)
  return known && answer?.client !== undefined && answer.client !== known.client
    ? { what: `a token of ${known.client} for ${answer.client}`, subject: subjectOf(known) }
    : undefined
}

/** "The profile does not allow it any more." */
const allowedByProfile: Invariant = (happening, world) => {
  const answer = tokenOf(happening)
  const known = answer && connectionOf(answer, world)
  if (!answer || !known) return undefined
  return answer.startTimestamp > allowedUntil(known, world) + PROFILE_CHANGE_IN_MS + FLIGHT_IN_MS
    ? { what: `${known.client} does not allow ${known.grant}`, subject: subjectOf(known) }
    : undefined
}

/** "The client profile says what may be connected." */
const madeAsAllowed: Invariant = (happening, world) => {
  if (happening.kind !== 'operation_answer' || happening.operation.kind !== 'connect') return undefined
  const { operation, answer } = happening
  const known = world.facts.connections.all.get(answer.id ?? '')
  return known && operation.startTimestamp > allowedUntil(known, world) + PROFILE_CHANGE_IN_MS
    ? { what: `${known.client} does not allow ${known.grant}`, subject: subjectOf(known) }
    : undefined
}

/** "Taken for a secret and never sent to Entra ID, in whichever field it stands." */
const noSecretToEntra: Invariant = (happening) => {
  if (happening.kind !== 'asked') return undefined
  const { user, password = '', key } = happening.grant
  return isMeantAsSecret(user) || isMeantAsSecret(password)
    ? { what: `${user} was sent with ${password}`, subject: key }
    : undefined
}

/** "One that is mistyped, cut off or unknown is 401": Entra ID hears nothing of it. */
const wrongSecretAsksNobody: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked' || !happening.grant.correlationId) return undefined
  const secret = facts.connections.sent.get(happening.grant.correlationId)
  if (secret === undefined) return undefined
  const until = facts.connections.secrets.get(secret)?.until ?? -Infinity
  return queue.time() > until + FLIGHT_IN_MS + facts.spreadInMs
    ? { what: `${secret} asks Entra ID`, subject: happening.grant.key }
    : undefined
}

/** A slip of the hand is told without asking anybody, also while the table does not answer. */
const slipToldAtOnce: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'secret_answer') return undefined
  const { sent, error, startTimestamp, secret } = happening.answer
  if (sent === 'latest' || sent === 'unmade' || codeOf(error) === 'invalid_credentials') return undefined
  return queue.time() > startTimestamp || facts.disturbedUntil > 0
    ? { what: `${secret} is answered ${String(error)}`, subject: secret }
    : undefined
}

/** "Once a day the broker asks whether that is still so." */
const deadAskedOnceADay: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked' || happening.grant.connection !== 'renewal') return undefined
  const { key } = happening.grant
  const { deadAt = -Infinity } = facts.connections.all.get(key) ?? {}
  const ageInMs = queue.time() - deadAt
  if (ageInMs > DAY_IN_MS - facts.spreadInMs - FLIGHT_IN_MS) return undefined
  // By clocks that differ the lease of another instance looks old: both ask, at the same time.
  if (facts.spreadInMs > 0 && ageInMs < FLIGHT_IN_MS) return undefined
  // Whoever asked at the same time without a lease, or died before it could write it down, may ask once more.
  const isUnmarked =
    facts.entryOf(key).tableFaultAt > deadAt - MINUTE ||
    facts.connections.deaths.some((at) => Math.abs(at - deadAt) < MINUTE)
  return isUnmarked ? undefined : { what: `${key} was dead ${ageInMs} ms ago`, subject: key }
}

/** "Another client needs another sign-in": its refresh token is shown to no other one. */
const refreshTokenOfItsClient: Invariant = (happening) => {
  if (happening.kind !== 'judged' || happening.grant.connection !== 'renewal') return undefined
  const { grant, failure } = happening
  return failure?.aadsts === ANOTHER_CLIENT
    ? { what: `${grant.refreshToken} is of another client`, subject: grant.key }
    : undefined
}

/** "Another account that signs in by mistake changes nothing." */
const wrongAccountChangesNothing: Invariant = (happening, { facts, storage, queue }) => {
  if (happening.kind !== 'written' || happening.row.entry.renewal !== 'refresh_token') return undefined
  const known = facts.connections.all.get(happening.key)
  const { connection } = storage.connections.rowOf(known?.name ?? '') ?? {}
  if (!known || connection?.id !== known.id) return undefined
  const { user, username } = JSON.parse(happening.row.entry.serializedCache) as Cache
  const { pinned } = connection
  // Who began to sign in before is known by the name alone.
  const isPinned = pinned && queue.time() > known.pinnedAt + MINUTE
  const isRight = isPinned
    ? user === pinned.objectId
    : username === known.username || user === pinned?.objectId
  return isRight
    ? undefined
    : { what: `tokens of ${username} (${user}) are stored`, subject: subjectOf(known) }
}

/** "Nothing is stored before the account has been checked", and from then on it must be the same one. */
const pinnedByFirstSignIn: Invariant = (happening, { facts, storage, queue }) => {
  if (happening.kind !== 'signed_in' || happening.outcome.kind !== 'connected') return undefined
  const known = facts.connections.all.get(happening.id)
  const { connection } = storage.connections.rowOf(known?.name ?? '') ?? {}
  if (!known || connection?.id !== known.id || queue.time() < known.pinnedAt + MINUTE) {
    // Its tokens are stored all the same: the next one is checked by name again.
    const isOut = facts.connections.tableOutUntil > happening.startTimestamp
    const isLost = connection?.id === happening.id && !connection.pinned && !isOut
    return isLost ? { what: `${happening.user} is not pinned`, subject: happening.id } : undefined
  }
  return connection.pinned?.objectId === happening.user
    ? undefined
    : {
        what: `${happening.user} has signed in, not ${connection.pinned?.objectId}`,
        subject: subjectOf(known),
      }
}

/** An answer that comes too late is none. */
const lateSignInExpires: Invariant = (happening, { facts }) => {
  if (happening.kind !== 'signed_in' || happening.outcome.kind !== 'connected') return undefined
  const tookInMs = happening.answeredTimestamp - happening.startTimestamp
  return tookInMs > SIGN_IN_IN_MS + facts.spreadInMs + FLIGHT_IN_MS
    ? { what: `${happening.user} took ${tookInMs} ms`, subject: happening.id }
    : undefined
}

/** "Only DELETE or a finished sign-in removes tokens." */
const removedByDeleteAlone: Invariant = (happening, { facts }) => {
  if (happening.kind !== 'removed' || happening.row.entry.renewal === 'password') return undefined
  const known = facts.connections.all.get(happening.key)
  return known && !facts.connections.deletions.has(known.name)
    ? { what: `${known.name} has lost its tokens`, subject: subjectOf(known) }
    : undefined
}

/** "Ends it, with its tokens." */
const endsWithItsTokens: Invariant = (happening, { facts, storage }) => {
  if (happening.kind !== 'operation_answer' || happening.operation.kind !== 'disconnect') return undefined
  const { error } = happening.answer
  if (error !== undefined && codeOf(error) !== 'not_found') return undefined
  const { connection, startTimestamp } = happening.operation
  const left = [...facts.connections.all.values()].find(({ id, name, removedAt }) => {
    if (name !== connection || removedAt === Infinity || !storage.rowOf(id)) return false
    // Whoever stores meanwhile takes it away himself.
    const begunAt = removedAt >= startTimestamp ? startTimestamp : removedAt - FLIGHT_IN_MS
    return facts.entryOf(id).writtenAt < begunAt
  })
  return left && { what: `the tokens of ${left.id} are there`, subject: subjectOf(left) }
}

/** "Ends it": nothing that was under way brings its tokens back. */
const deletedStaysDeleted: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'written' || happening.row.entry.renewal === 'password') return undefined
  const known = facts.connections.all.get(happening.key)
  if (!known || queue.time() < known.removedAt + FLIGHT_IN_MS) return undefined
  // A connection is not written where there is nothing, but by who had begun to.
  const { writtenAt, removedAt } = facts.entryOf(known.id)
  if (writtenAt <= removedAt && queue.time() > known.removedAt + MINUTE) {
    return { what: `the tokens of ${known.id} are stored anew`, subject: subjectOf(known) }
  }
  // Who stored them looks afterwards whether the connection is there, unless he dies or the tables do not answer.
  const { deaths, tableOutUntil } = facts.connections
  const isUnseen =
    Math.max(tableOutUntil, facts.entryOf(known.id).tableFaultAt) > known.removedAt - MINUTE ||
    deaths.some((at) => Math.abs(at - known.removedAt) < MINUTE)
  return !isUnseen ? { what: `the tokens of ${known.id} are back`, subject: subjectOf(known) } : undefined
}

/** "Unused for IDLE_EVICTION, the sign-in is renewed once a week": no day has a second time. "An application has nothing to keep alive." */
const idleRenewedRarely: Invariant = (happening, { facts, scenario, queue }) => {
  if (happening.kind !== 'asked' || happening.grant.connection === undefined) return undefined
  const { connection, key, correlationId } = happening.grant
  if (connection === 'sign_in' || correlationId) return undefined
  const { all, applicationsWanted } = facts.connections
  const clients = scenario.registrations.map(({ client }) => client)
  const client = clients.find((each) => applicationUserOf({ client: each }) === key) ?? ''
  const wantedAt = connection === 'renewal' ? all.get(key)?.wantedAt : applicationsWanted.get(client)
  return queue.time() - (wantedAt ?? queue.time()) >
    scenario.settings.idleEvictionInMs + facts.spreadInMs + MINUTE
    ? { what: `${key} is renewed for nobody`, subject: key }
    : undefined
}

/** "With client_credentials a first token is got before anything is stored: connected means proven." */
const connectedMeansProven: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'connection_written') return undefined
  const { id, grant, client } = happening.connection
  if (grant !== 'client_credentials' || facts.connections.all.has(id)) return undefined
  return (facts.connections.applicationTokens.get(client) ?? -Infinity) > queue.time() - MINUTE
    ? undefined
    : { what: `${id} was made without a token of ${client}`, subject: id }
}

/** A secret that holds, by the right name, gets a token when all is calm: also the one before, for its overlap. */
const rightSecretAndCalm: Invariant = (happening, world) => {
  if (happening.kind !== 'secret_answer' || happening.answer.brokered) return undefined
  const { facts } = world
  const { answer } = happening
  const known = connectionOf(answer, world)
  if (!known || !isRight(answer, known, world)) return undefined
  const since = answer.startTimestamp - CALM_AFTER_MS
  const noisy = [...facts.noise].filter(([, at]) => at > since)
  // Three of them are no longer their own fault.
  const isNoisy = noisy.length >= 3 || noisy.some(([user]) => user === userOf(known))
  if (isNoisy || facts.connections.disturbedUntil > since) return undefined
  return { what: `${answer.secret} gets ${String(answer.error)}`, subject: subjectOf(known) }
}

/** "A passing failure costs the caller nothing while the token lives": Entra ID may be out of order. */
const secretServedThroughOutage: Invariant = (happening, world) => {
  if (happening.kind !== 'secret_answer' || happening.answer.brokered) return undefined
  const { facts, storage, queue, audienceOf } = world
  const { answer } = happening
  const known = connectionOf(answer, world)
  const row = known && storage.rowOf(known.id)
  if (!row || !isRight(answer, known, world)) return undefined
  const { tableFaultAt, writtenAt } = facts.entryOf(known.id)
  const since = answer.startTimestamp - CALM_AFTER_MS
  const isDisturbed = Math.max(facts.connections.disturbedAroundUntil, tableFaultAt) > since
  const isOfUse = row.entry.fingerprint === audienceOf(known.client)
  if (isDisturbed || !isOfUse || writtenAt > answer.startTimestamp - FLIGHT_IN_MS) return undefined
  const { token } = JSON.parse(row.entry.serializedCache) as Cache
  return token.expiresOnTimestamp > queue.time() + answer.minValidInMs + FLIGHT_IN_MS
    ? { what: `${String(answer.error)}, though a token is stored`, subject: subjectOf(known) }
    : undefined
}

/** Nothing but the answers of docs/connections.md, and none that is not so. */
const onlyContractAnswersToSecrets: Invariant = (happening, world) => {
  if (happening.kind !== 'secret_answer' || happening.answer.brokered) return undefined
  const { core, facts } = world
  const { answer } = happening
  const { secret, error, startTimestamp, client, minValidInMs, calledBy } = answer
  if (!(error instanceof core.BrokerError)) return { what: String(error), subject: secret }
  const known = connectionOf(answer, world)
  const made = facts.connections.secrets.get(secret)
  const isOver = (made?.until ?? -Infinity) <= startTimestamp + FLIGHT_IN_MS + facts.spreadInMs
  const isCertain = known && isHolding(answer, known, world) && !isOver
  const lifetimeInMs = known ? world.registrationOf(known.client).lifetimeInMs : 0
  const profiles = facts.connections.profiles.get(known?.client ?? '')
  const isSo: Partial<Record<typeof error.code, boolean>> = {
    invalid_credentials: !isCertain || !isCalledSo(known, calledBy),
    invalid_request: client !== undefined || minValidInMs >= lifetimeInMs - FLIGHT_IN_MS - facts.spreadInMs,
    interaction_required: known?.grant === 'authorization_code',
    policy_blocked: profiles?.some(({ grants }) => known && !grants.includes(known.grant)) ?? false,
    unknown_client:
      facts.audiences.get(known?.client ?? '')?.some(({ audience }) => audience === undefined) ?? false,
    temporarily_unavailable: true,
  }
  return isSo[error.code] ? undefined : { what: `${error.code}, which is not so`, subject: secret }
}

export const connectionInvariants = {
  onlySecretsThatHold,
  endedAtOnceHere,
  tokenOfItsConnection,
  calledByItsName,
  ownProfileOnly,
  allowedByProfile,
  madeAsAllowed,
  noSecretToEntra,
  wrongSecretAsksNobody,
  slipToldAtOnce,
  deadAskedOnceADay,
  refreshTokenOfItsClient,
  wrongAccountChangesNothing,
  pinnedByFirstSignIn,
  lateSignInExpires,
  removedByDeleteAlone,
  endsWithItsTokens,
  deletedStaysDeleted,
  idleRenewedRarely,
  connectedMeansProven,
  rightSecretAndCalm,
  secretServedThroughOutage,
  onlyContractAnswersToSecrets,
} satisfies Record<string, Invariant>

function tokenOf(happening: Happening) {
  if (happening.kind !== 'secret_answer') return undefined
  const { brokered } = happening.answer
  return brokered && { ...happening.answer, brokered }
}

/** Of the secret that was sent. */
function connectionOf({ secret }: SecretAnswer, { facts }: Observed): KnownConnection | undefined {
  const { id } = facts.connections.secrets.get(secret) ?? {}
  return id === undefined ? undefined : facts.connections.all.get(id)
}

const subjectOf = ({ id }: { readonly id: string }) => id

const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code

function userOf(known: KnownConnection): string {
  return known.grant === 'client_credentials' ? applicationUserOf(known) : (known.signedIn?.user ?? '')
}

function isCalledSo({ name, username }: KnownConnection, calledBy: string): boolean {
  const called = calledBy.toLowerCase()
  if (called === name || called === username) return true
  return username === undefined && called.includes('@')
}

/** When the profile last allowed it, as far as all instances know. */
function allowedUntil({ client, grant }: KnownConnection, { facts }: Observed): number {
  const allowing =
    facts.connections.profiles.get(client)?.filter(({ grants }) => grants.includes(grant)) ?? []
  // Who cannot ask the vault goes on with what was good last.
  return Math.max(...allowing.map(({ until }) => until), facts.disturbedUntil)
}

/** Whether the secret certainly is the connection's, or the one before within its overlap. */
function isHolding(
  { secret, startTimestamp }: SecretAnswer,
  { name }: KnownConnection,
  { facts }: Observed,
): boolean {
  const settled = facts.connections.settled.get(name)
  if (settled?.before?.secret !== secret) return settled?.secret === secret
  return startTimestamp < settled.before.until - FLIGHT_IN_MS - facts.spreadInMs
}

/** Whether the request must have a token, as far as nothing but its own connection is concerned. */
function isRight(answer: SecretAnswer, known: KnownConnection, world: Observed): boolean {
  const { facts, entra, storage, registrationOf, isEnabled } = world
  const { startTimestamp, minValidInMs, calledBy, client, error } = answer
  if (!isHolding(answer, known, world)) return false
  if (!isCalledSo(known, calledBy) || (client !== undefined && client !== known.client)) return false
  if (minValidInMs >= registrationOf(known.client).lifetimeInMs - FLIGHT_IN_MS - facts.spreadInMs)
    return false
  // By clocks that differ the lease of another instance looks old.
  if (facts.spreadInMs > 0 && codeOf(error) === 'temporarily_unavailable') return false
  const { clientId, grants } = facts.connections.profiles.get(known.client)?.at(-1) ?? {}
  if (!grants?.includes(known.grant) || world.audienceOf(known.client) === undefined) return false
  const rows = [storage.rowOf(known.id), storage.connections.rowOf(known.name)]
  // A disabled key version leaves rows behind that nobody can open.
  if (rows.some((row) => row && !isEnabled(row.keyVersion))) return false
  if (known.grant === 'client_credentials') return true
  const { signedIn } = known
  if (!signedIn || signedIn.clientId !== clientId || entra.accountOf(signedIn.user).state !== 'well')
    return false
  const ailedAt = facts.connections.ailed.get(signedIn.user) ?? -Infinity
  return ailedAt < signedIn.at - MINUTE && startTimestamp > signedIn.at
}
