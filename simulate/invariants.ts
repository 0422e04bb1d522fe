import { connectionInvariants } from './connection-invariants.ts'
import type { Account, Password } from './entra.ts'
import type { EventQueue } from './event-queue.ts'
import type { EntryFacts, Facts } from './facts.ts'
import type { Answer, Grant, Happening } from './happening.ts'
import type { Scenario } from './scenario.ts'
import { HOUR, MINUTE, SECOND } from './stimulus.ts'
import type { Row } from './storage.ts'
import type { World } from './world.ts'

/** Where it happens: the simulated world, or what was seen of real processes. */
export interface Observed extends Pick<
  World,
  'core' | 'entra' | 'facts' | 'storage' | 'registrationOf' | 'audienceOf' | 'isEnabled'
> {
  readonly queue: Pick<EventQueue, 'time'>
  readonly scenario: Pick<Scenario, 'settings' | 'registrations'>
}

/** Looks at what happens, at the moment it happens. @returns what is wrong with it, and whose it is. */
export type Invariant = (
  happening: Happening,
  world: Observed,
) => { readonly what: string; readonly subject: string } | undefined

/** README: "Time limit of one request". */
const DEADLINE_IN_MS = 20 * SECOND
/** README: "within five minutes in others". */
const MEMORY_IN_MS = 5 * MINUTE
/** README: "by all within ten". */
const PROFILE_CHANGE_IN_MS = 10 * MINUTE
/** What was begun before something happened may still end as if it had not; who joins it, too. */
const FLIGHT_IN_MS = 30 * SECOND
/** So long after the last disturbance the world is calm. */
const CALM_AFTER_MS = 10 * MINUTE
const FIRST_LOCK_IN_MS = MINUTE
/** Whoever began to reserve before may not have read it. */
const LOCK_KNOWN_IN_MS = 5 * SECOND
const MAX_STRANGERS = 3
const STRANGER_WINDOW_IN_MS = 10 * MINUTE
/** The longest window. */
const LONGEST_WINDOW_IN_MS = 2 * HOUR
/** How often a refresh token that is known to be dead may be presented: two instances may find out at the same time, and one crash later again. */
const MAX_DEAD_GRANTS = 4

type Found = ReturnType<Invariant>

/** "One entry per user and client profile": the token is of the user and of the audience that were asked for. */
const rightUserAndAudience: Invariant = (happening, { entra, facts }) => {
  if (happening.kind !== 'answer' || !happening.answer.brokered) return undefined
  const { user, client, key, brokered, startTimestamp } = happening.answer
  const issued = entra.issuedOf(brokered.token.value)
  if (!issued) return { what: `${brokered.token.value} is no token of Entra ID's`, subject: key }
  if (issued.user !== user || issued.client !== client) {
    return { what: `${issued.id} is ${issued.client}/${issued.user}'s`, subject: key }
  }
  const times = facts.audiences.get(client)?.filter(({ audience }) => audience === issued.audience) ?? []
  // Who cannot ask the vault goes on with what was good last.
  const noticed = Math.max(...times.map(({ until }) => until), facts.disturbedUntil) + PROFILE_CHANGE_IN_MS
  return startTimestamp > noticed + FLIGHT_IN_MS
    ? { what: `${issued.id} is for ${issued.audience}`, subject: key }
    : undefined
}

/** "A token is never served past its end": not by the instance's own clock, and by no more than clocks differ. */
const neverExpired: Invariant = (happening, { entra, facts, queue }) => {
  const isAnswer = happening.kind === 'answer' || happening.kind === 'secret_answer'
  if (!isAnswer || !happening.answer.brokered) return undefined
  const { brokered, instanceTimestamp, minValidInMs } = happening.answer
  const key = brokered.entryKey
  const { value, expiresOnTimestamp } = brokered.token
  if (instanceTimestamp + minValidInMs >= expiresOnTimestamp)
    return { what: `${value} ends too soon`, subject: key }
  const end = entra.issuedOf(value)?.expiresOnTimestamp ?? 0
  // The end is what the clock of the instance that asked said; the answer was a while on its way.
  return queue.time() > end + facts.spreadInMs + FLIGHT_IN_MS / 2
    ? { what: `${value} has expired`, subject: key }
    : undefined
}

/** "A wrong password is never answered from a cache." */
const neverWrongPassword: Invariant = (happening, { entra }) => {
  if (happening.kind !== 'answer' || !happening.answer.brokered) return undefined
  const { user, password, key } = happening.answer
  return spanOf(entra.accountOf(user), password)
    ? undefined
    : { what: `${password} never was right`, subject: key }
}

/** "After PASSWORD_MAX_AGE Entra ID is asked again": a retired password has an end, whoever knows of its retirement. */
const retiredByMaxAge: Invariant = (happening, world) => {
  const { entra, facts, scenario, queue } = world
  const retired = retiredOf(happening, world)
  if (!retired) return undefined
  const { instance, password, key } = retired.answer
  const { verified, makeshifts } = retired.entry
  // "A token that is still valid is served while Entra ID is down."
  const makeshift = makeshifts.get(`${instance} ${password}`) ?? -Infinity
  if (isMakeshift(retired.answer) || queue.time() - makeshift < MEMORY_IN_MS + FLIGHT_IN_MS) return undefined
  const times = isUnderGuard(entra.accountOf(retired.answer.user), facts, queue.time()) ? 2 : 1
  const end =
    (verified.get(password) ?? -Infinity) + times * scenario.settings.passwordMaxAgeInMs + MEMORY_IN_MS
  return queue.time() > end + FLIGHT_IN_MS + facts.spreadInMs
    ? { what: `${password} is too old`, subject: key }
    : undefined

  function isMakeshift({ brokered }: Answer): boolean {
    return brokered?.notRenewed !== undefined
  }
}

/** "When Entra ID accepts a new password, the old one stops working at once in that instance": and when it refuses the old one. */
const retiredAtOnceHere: Invariant = (happening, world) => {
  const { entra, facts } = world
  const retired = retiredOf(happening, world)
  // By clocks that differ the old one may have been sent later.
  if (!retired || facts.spreadInMs > 0) return undefined
  const { instance, password, key, user, startTimestamp } = retired.answer
  const { acceptances, refusals, tableFaultAt } = retired.entry
  const accepted = acceptances.findLast(
    (each) => each.instance === instance && isLater(entra.accountOf(user), each.password, password),
  )
  const known = Math.max(accepted?.at ?? -Infinity, refusals.get(`${instance} ${password}`) ?? -Infinity)
  if (known <= (spanOf(entra.accountOf(user), password)?.until ?? Infinity)) return undefined
  // A row that could not be overwritten or removed still speaks for the old password.
  if (tableFaultAt > known - FLIGHT_IN_MS) return undefined
  return startTimestamp > known + FLIGHT_IN_MS
    ? { what: `${password} is known to be retired here`, subject: key }
    : undefined
}

/** "… and within five minutes in others." */
const retiredSoonElsewhere: Invariant = (happening, world) => {
  const { entra, facts } = world
  const retired = retiredOf(happening, world)
  if (!retired) return undefined
  const { password, key, user, startTimestamp } = retired.answer
  const { acceptances, verified } = retired.entry
  // By clocks that differ the old one may have been sent later.
  const lastVerified = (verified.get(password) ?? -Infinity) + facts.spreadInMs + FLIGHT_IN_MS
  const known = acceptances.find(
    (each) =>
      each.isStored && each.at > lastVerified && isLater(entra.accountOf(user), each.password, password),
  )
  return known && startTimestamp > known.at + MEMORY_IN_MS + FLIGHT_IN_MS
    ? { what: `${password} was replaced by ${known.password}, stored by ${known.instance}`, subject: key }
    : undefined
}

/** At most so many different unknown passwords of one user reach Entra ID in a window, whoever tries them. */
const fewStrangers: Invariant = (happening, { entra, facts, queue }) => {
  if (happening.kind !== 'judged' || happening.grant.password === undefined) return undefined
  const { user, password } = happening.grant
  if (spanOf(entra.accountOf(user), password) || isGuardExcused(user, facts, queue.time())) return undefined
  const since = Math.max(queue.time() - STRANGER_WINDOW_IN_MS, facts.accepted.get(user) ?? -Infinity)
  const tried =
    facts.strangers
      .get(user)
      ?.filter(({ at }) => at >= since)
      .map((each) => each.password) ?? []
  const different = new Set([...tried, password]).size
  return different > MAX_STRANGERS
    ? { what: `${different} different passwords of ${user} were tried`, subject: user }
    : undefined
}

/** "Entra ID hears of the same wrong password once in REFUSAL_WINDOW": whoever sends it. */
const refusedOnce: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked' || happening.grant.password === undefined) return undefined
  const { user, password } = happening.grant
  const at = facts.refusedAnswers.get(`${user} ${password}`) ?? -Infinity
  const isOver = queue.time() - at > STRANGER_WINDOW_IN_MS - FLIGHT_IN_MS
  // Who had begun before may not have read it.
  const isFresh = queue.time() - at < FLIGHT_IN_MS
  return isOver || isFresh || isGuardExcused(user, facts, queue.time())
    ? undefined
    : { what: `${password} is asked again`, subject: user }
}

/** "A locked account is asked again only after its time." */
const lockObeyed: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked' || happening.grant.password === undefined) return undefined
  const { user } = happening.grant
  const ageInMs = queue.time() - (facts.lockedAnswers.get(user) ?? -Infinity)
  return ageInMs < FIRST_LOCK_IN_MS - SECOND &&
    ageInMs > LOCK_KNOWN_IN_MS &&
    !isGuardExcused(user, facts, queue.time())
    ? { what: `${user} is locked and asked for again`, subject: user }
    : undefined
}

/** Without the table each instance counts for itself; by clocks that differ, or from a row that does not open, so too. */
function isGuardExcused(
  user: string,
  { spreadInMs, keysChangedAt, tablesOutUntil, entryOf }: Facts,
  now: number,
): boolean {
  // A table that failed for others is left alone for a while; what was counted without it is told when the row is next changed.
  if (tablesOutUntil > now - LONGEST_WINDOW_IN_MS) return true
  const faultAt = Math.max(entryOf(user).tableFaultAt, keysChangedAt)
  return spreadInMs > 0 || faultAt > now - LONGEST_WINDOW_IN_MS
}

/** Somebody has tried wrong passwords, or the account is locked: the broker may be more careful with it. */
function isUnderGuard({ user, lockedUntil }: Account, facts: Facts, since: number): boolean {
  // A lock that has doubled holds for a window, by the clock of whoever reads it.
  const lockedUntilHere = lockedUntil + STRANGER_WINDOW_IN_MS + facts.spreadInMs
  return lockedUntilHere > since || (facts.refused.get(user) ?? -Infinity) > since - LONGEST_WINDOW_IN_MS
}

/** Who has the right password gets a token, without a wait or a warning, when all is calm. */
const rightPasswordAndCalm: Invariant = (happening, world) => {
  const found = calmOf(happening, world)
  if (!found || found.noisyOthers) return undefined
  return complaintOf(found.answer, world)
}

/** "Nobody's mistake is another's outage": the same when another account troubles Entra ID. */
const nobodyRefusedForAnother: Invariant = (happening, world) => {
  const found = calmOf(happening, world)
  return found?.noisyOthers ? complaintOf(found.answer, world) : undefined
}

/** "Every valid token is served" while Entra ID is down: it costs nobody anything who has the right password and a stored token. */
const servedThroughOutage: Invariant = (happening, world) => {
  if (happening.kind !== 'answer' || happening.answer.brokered) return undefined
  const { entra, facts, storage, queue, scenario } = world
  const { key, user, client, password, startTimestamp, minValidInMs, error } = happening.answer
  const row = storage.rowOf(key)
  const since = startTimestamp - CALM_AFTER_MS
  const { tableFaultAt, writtenAt } = facts.entryOf(key)
  const isDisturbed =
    Math.max(facts.disturbedAroundUntil, tableFaultAt, facts.accounts.get(user) ?? -Infinity) > since
  if (!row || isDisturbed || facts.spreadInMs > 0 || writtenAt > startTimestamp - FLIGHT_IN_MS)
    return undefined
  if (!world.isEnabled(row.keyVersion) || row.entry.fingerprint !== world.audienceOf(client)) return undefined
  if (
    row.entry.renewal !== 'password' ||
    row.entry.passwordVerifier !== `v:${password}` ||
    isUnderGuard(entra.accountOf(user), facts, since)
  )
    return undefined
  if (entra.accountOf(user).state !== 'well') return undefined
  const isVerified = queue.time() - row.entry.verifiedOnTimestamp < scenario.settings.passwordMaxAgeInMs
  const { token } = JSON.parse(row.entry.serializedCache) as { token: { expiresOnTimestamp: number } }
  return isVerified && token.expiresOnTimestamp > queue.time() + minValidInMs + FLIGHT_IN_MS
    ? { what: `${String(error)}, though a token is stored`, subject: key }
    : undefined
}

/** "Every error is JSON" of the table: nothing but its codes, and none that is not so. */
const onlyContractAnswers: Invariant = (happening, { core, entra, facts, scenario }) => {
  if (happening.kind !== 'answer' || happening.answer.brokered) return undefined
  const { error, key, user, client, password, startTimestamp, minValidInMs } = happening.answer
  if (!(error instanceof core.BrokerError)) return { what: String(error), subject: key }
  const account = entra.accountOf(user)
  const lifetimeInMs = scenario.registrations.find((each) => each.client === client)?.lifetimeInMs ?? 0
  const isSo: Partial<Record<typeof error.code, boolean>> = {
    invalid_request: minValidInMs > 0 && minValidInMs >= lifetimeInMs - FLIGHT_IN_MS - facts.spreadInMs,
    unknown_client: facts.audiences.get(client)?.some(({ audience }) => audience === undefined) ?? false,
    // What was refused stays refused for its time, even when it has become right.
    invalid_credentials:
      !isRightSince(account, password, startTimestamp - FLIGHT_IN_MS) ||
      isUnderGuard(account, facts, startTimestamp),
    account_locked: isUnderGuard(account, facts, startTimestamp - FLIGHT_IN_MS),
    account_disabled: facts.accounts.has(user),
    interaction_required: facts.accounts.has(user),
    password_change_required: facts.accounts.has(user),
    temporarily_unavailable: true,
    // Many different passwords of one user at once wait in a queue, which has an end.
    too_many_requests: true,
  }
  if (!isSo[error.code]) return { what: `${error.code}, which is not so`, subject: key }
  const { retryAfterInMs = 0 } = error.details
  const isRetried = error.code === 'temporarily_unavailable'
  // Callers are told five minutes at most; what is behind it is no longer than a window.
  return isRetried && retryAfterInMs > LONGEST_WINDOW_IN_MS
    ? { what: `wait ${retryAfterInMs} ms`, subject: key }
    : undefined
}

/** A refreshed cache is stored: nothing but another's tokens or a fault stands against it. */
const noRotatedTokenLost: Invariant = (happening, { facts }) => {
  if (happening.kind !== 'persisted' || happening.outcome.kind === 'stored') return undefined
  // Whose tokens these are to be is not known, or a person may sign in again.
  if (happening.grant.connection !== undefined && happening.grant.connection !== 'renewal') return undefined
  const { key, startTimestamp } = happening.grant
  const { tableFaultAt, writtenAt, removedAt } = facts.entryOf(key)
  if (happening.outcome.kind === 'failed' || facts.spreadInMs > 0) return undefined
  const isExcused = Math.max(tableFaultAt, writtenAt, removedAt) >= startTimestamp - FLIGHT_IN_MS
  return isExcused
    ? undefined
    : { what: `the tokens of ${key} were not stored, and nobody else wrote`, subject: key }
}

/** "One refresh per entry across instances." */
const oneRefreshAtATime: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked' || happening.grant.refreshToken === undefined) return undefined
  const { key } = happening.grant
  const { refreshing, tableFaultAt } = facts.entryOf(key)
  // The lease is for thrift: without the table, or with clocks that differ, twice is better than not at all.
  if (refreshing.size === 0 || facts.spreadInMs > 0 || tableFaultAt > queue.time() - MINUTE) return undefined
  return { what: `${key} is being refreshed by ${[...refreshing].join(', ')}`, subject: key }
}

/** "50 concurrent first calls make one call to Entra ID." */
const oneSignInAtATime: Invariant = (happening, { facts }) => {
  if (happening.kind !== 'asked' || happening.grant.password === undefined) return undefined
  const { key, instance, password } = happening.grant
  return facts.entryOf(key).signingIn.has(`${instance} ${password}`)
    ? { what: `${instance} signs ${key} in twice at once`, subject: key }
    : undefined
}

/** A crash loses no entry's place in the pre-refresh: its hint goes ahead of it. */
const hintBeforeEntry: Invariant = (happening, { facts, scenario, queue }) => {
  if (happening.kind !== 'written') return undefined
  const { key, row } = happening
  const { hinted, indexFaultAt } = facts.entryOf(key)
  if (indexFaultAt > queue.time() - MINUTE) return undefined
  const { token } = JSON.parse(row.entry.serializedCache) as {
    token: { expiresOnTimestamp: number; acquiredOnTimestamp: number }
  }
  const halfInMs = (token.expiresOnTimestamp - token.acquiredOnTimestamp) / 2
  const due = token.expiresOnTimestamp - Math.min(scenario.settings.refreshThresholdInMs, halfInMs)
  return hinted.includes(due) ? undefined : { what: `${key} was written without its hint`, subject: key }
}

/** A hint goes when its entry has another one, or is gone. */
const hintOutlivedByAnother: Invariant = (happening, world) => {
  const { facts, storage, isEnabled, queue } = world
  if (happening.kind !== 'unhinted') return undefined
  const { entryKey: key } = happening.hint
  const row = storage.rowOf(key)
  const { indexFaultAt, writtenAt } = facts.entryOf(key)
  if (!row || !isEnabled(row.keyVersion) || Math.max(indexFaultAt, writtenAt) > queue.time() - MINUTE)
    return undefined
  if (isLeft(row, world)) return undefined
  return storage.hintsOf(key).size > 0 ? undefined : { what: `${key} has lost its last hint`, subject: key }
}

/** "Dead grants are dropped": Entra ID is not asked again and again with them. */
const deadGrantsDropped: Invariant = (happening, { facts }) => {
  if (happening.kind !== 'judged' || !isOfPassword(happening.grant)) return undefined
  const { key, user, refreshToken = '' } = happening.grant
  const dead = facts.dead.get(refreshToken)
  const isDisturbed =
    dead && Math.max(facts.disturbedUntil, facts.noise.get(user) ?? -Infinity) > dead.since - CALM_AFTER_MS
  return dead && dead.times >= MAX_DEAD_GRANTS && !isDisturbed
    ? { what: `${refreshToken} of ${key} was presented ${dead.times + 1} times`, subject: key }
    : undefined
}

/** "An entry that nobody asked for in this time is deleted", not refreshed for ever. */
const idleNotRefreshed: Invariant = (happening, { facts, scenario, queue }) => {
  if (happening.kind !== 'judged' || !isOfPassword(happening.grant)) return undefined
  const { key } = happening.grant
  const idleInMs = queue.time() - facts.entryOf(key).requestedAt
  return idleInMs > scenario.settings.idleEvictionInMs + facts.spreadInMs + MINUTE
    ? { what: `${key} is refreshed for nobody`, subject: key }
    : undefined
}

/** An entry in use is not evicted. */
const usedNotEvicted: Invariant = (happening, { facts, scenario, queue }) => {
  if (happening.kind !== 'removed' || happening.row.entry.renewal !== 'password') return undefined
  const { key } = happening
  const { servedAt, tableFaultAt } = facts.entryOf(key)
  const [, user = ''] = key.split('/')
  // Under whatever profile: what is known to be refused opens no entry.
  const isRefused = (facts.refused.get(user) ?? -Infinity) > queue.time() - LONGEST_WINDOW_IN_MS
  const isDead = facts.dead.has(
    (JSON.parse(happening.row.entry.serializedCache) as { refreshToken: string }).refreshToken,
  )
  const isProfileGone = facts.audiences
    .get(happening.row.entry.client)
    ?.some(({ audience }) => audience === undefined)
  if (isRefused || isDead || isProfileGone || facts.spreadInMs > 0 || tableFaultAt > servedAt - HOUR)
    return undefined
  // Use is noted once an hour, and not while memory answers.
  const usedInMs = scenario.settings.idleEvictionInMs - HOUR - MEMORY_IN_MS - FLIGHT_IN_MS
  return queue.time() - servedAt < usedInMs ? { what: `${key} is in use`, subject: key } : undefined
}

/** Nothing is refreshed on the word of a password that Entra ID has not seen for PASSWORD_MAX_AGE. */
const refreshedWithinMaxAge: Invariant = (happening, { entra, facts, scenario, queue }) => {
  if (happening.kind !== 'judged' || !isOfPassword(happening.grant)) return undefined
  const { key } = happening.grant
  const ageInMs = queue.time() - facts.entryOf(key).verifiedAt
  // Whoever locks an account does not keep its owner out at once.
  const times = isUnderGuard(entra.accountOf(happening.grant.user), facts, queue.time()) ? 2 : 1
  return ageInMs > times * scenario.settings.passwordMaxAgeInMs + facts.spreadInMs + FLIGHT_IN_MS
    ? { what: `${key} was signed in ${Math.round(ageInMs / MINUTE)} minutes ago`, subject: key }
    : undefined
}

/** Who is asked to come later (Retry-After) is left alone until then, for this profile's user at least. */
const retryAfterObeyed: Invariant = (happening, { facts, queue }) => {
  if (happening.kind !== 'asked') return undefined
  const { instance, key } = happening.grant
  return (facts.retryAfter.get(`${instance} ${key}`) ?? -Infinity) > queue.time()
    ? { what: `${instance} asks for ${key} before its time`, subject: key }
    : undefined
}

/** A refresh for a user, that is. */
function isOfPassword({ refreshToken, connection }: Grant): boolean {
  return refreshToken !== undefined && connection === undefined
}

/** "An application has nothing to keep alive": the next request asks again. */
function isLeft({ entry, lastUsedTimestamp }: Row, { facts, scenario, queue }: Observed): boolean {
  const idleInMs = queue.time() - lastUsedTimestamp + facts.spreadInMs
  return entry.renewal === 'ask_again' && idleInMs >= scenario.settings.idleEvictionInMs
}

const all = {
  rightUserAndAudience,
  neverExpired,
  neverWrongPassword,
  retiredByMaxAge,
  retiredAtOnceHere,
  retiredSoonElsewhere,
  fewStrangers,
  refusedOnce,
  lockObeyed,
  rightPasswordAndCalm,
  nobodyRefusedForAnother,
  servedThroughOutage,
  onlyContractAnswers,
  noRotatedTokenLost,
  oneRefreshAtATime,
  oneSignInAtATime,
  hintBeforeEntry,
  hintOutlivedByAnother,
  deadGrantsDropped,
  idleNotRefreshed,
  usedNotEvicted,
  refreshedWithinMaxAge,
  retryAfterObeyed,
  ...connectionInvariants,
} satisfies Record<string, Invariant>

export const allInvariants: Readonly<Record<string, Invariant>> = all

function spanOf({ passwords }: Account, password: string): Password | undefined {
  return passwords.findLast((each) => each.password === password)
}

function isRightSince(account: Account, password: string, since: number): boolean {
  const span = spanOf(account, password)
  return span !== undefined && span.until === Infinity && span.from <= since
}

/** Whether the one password came after the other. */
function isLater({ passwords }: Account, password: string, than: string): boolean {
  const indexOf = (sought: string) => passwords.findLastIndex((each) => each.password === sought)
  return indexOf(password) > indexOf(than)
}

/** A token that was served for a password which was no longer right when it was asked for. */
function retiredOf(
  happening: Happening,
  { facts, entra }: Observed,
): { readonly answer: Answer; readonly entry: EntryFacts } | undefined {
  if (happening.kind !== 'answer' || !happening.answer.brokered) return undefined
  const { answer } = happening
  const span = spanOf(entra.accountOf(answer.user), answer.password)
  return span && span.until <= answer.startTimestamp
    ? { answer, entry: facts.entryOf(answer.key) }
    : undefined
}

/** An answer to the right password when nothing else is out of order, but perhaps other accounts. */
function calmOf(happening: Happening, { entra, facts }: Observed) {
  if (happening.kind !== 'answer') return undefined
  const { answer } = happening
  const { user, password, startTimestamp } = answer
  const account = entra.accountOf(user)
  const since = startTimestamp - CALM_AFTER_MS
  const lastOwn = Math.max(
    facts.noise.get(user) ?? -Infinity,
    facts.accounts.get(user) ?? -Infinity,
    account.lockedUntil,
  )
  if (Math.max(facts.disturbedUntil, lastOwn) > since || account.state !== 'well') return undefined
  if (!isRightSince(account, password, startTimestamp - FLIGHT_IN_MS)) return undefined
  if (isUnderGuard(account, facts, since)) return undefined
  const noisy = [...facts.noise].filter(([other, at]) => other !== user && at > since).length
  // Three of them are no longer their own fault.
  return noisy >= 3 ? undefined : { answer, noisyOthers: noisy > 0 }
}

/** What is left of the token that is stored. */
function leftAt({ storage }: Observed, key: string, now: number): number {
  const row = storage.rowOf(key)
  if (!row) return Infinity
  const { token } = JSON.parse(row.entry.serializedCache) as { token: { expiresOnTimestamp: number } }
  return token.expiresOnTimestamp - now
}

function complaintOf(
  { key, brokered, error, startTimestamp, client, minValidInMs }: Answer,
  world: Observed,
): Found {
  const tookInMs = world.queue.time() - startTimestamp
  if (tookInMs > DEADLINE_IN_MS) return { what: `took ${tookInMs} ms`, subject: key }
  if (brokered) {
    const [warning] = brokered.warnings
    // A disabled key version leaves rows behind that nobody can open; by clocks that differ a lease is over while it lasts.
    const isExcused = warning?.code === 'stored_token_unreadable' || world.facts.spreadInMs > 0
    return warning && !isExcused ? { what: warning.code, subject: key } : undefined
  }
  const lifetimeInMs = world.registrationOf(client).lifetimeInMs
  // The stored token ended, or stopped being enough, while it was served: the next request renews it.
  const isCrossed =
    (error as { code?: string }).code === 'temporarily_unavailable' &&
    Math.abs(leftAt(world, key, startTimestamp) - minValidInMs) < FLIGHT_IN_MS
  const isTooMuch = minValidInMs >= lifetimeInMs - FLIGHT_IN_MS - world.facts.spreadInMs
  const isGone = world.audienceOf(client) === undefined
  // By clocks that differ the reservation of another instance looks old: its answer may have been lost.
  const isSkewed =
    world.facts.spreadInMs > 0 && (error as { code?: string }).code === 'temporarily_unavailable'
  return isTooMuch || isGone || isSkewed || isCrossed
    ? undefined
    : { what: `refused: ${String(error)}`, subject: key }
}
