import type { CoreModule } from '../../simulate/core-module.ts'
import { createEntra, failureOf, type Issued } from '../../simulate/entra.ts'
import { createFacts } from '../../simulate/facts.ts'
import type { Answer, Grant, Happening } from '../../simulate/happening.ts'
import type { Invariant, Observed } from '../../simulate/invariants.ts'
import { createStorage } from '../../simulate/storage.ts'
import { BrokerError, type BrokerErrorCode } from '../../src/core/broker-error.ts'
import { IdentityProviderError, type ProviderFailure } from '../../src/core/provider/provider-failure.ts'
import type { TokenAction } from '../../src/core/request/brokered-token.ts'
import type { WarningCode } from '../../src/core/warning.ts'
import { composeCore, type CoreSettings } from '../../src/core-composition.ts'
import type { TokenAsked, TokenJudged } from './entra-gateway.ts'

const CLIENT = 'default'
const AUDIENCE = 'audience'
const INSTANT_IN_MS = 0.001

/**
 * What was seen of processes from outside, in the order in which it was seen. `at`: by the clock that they share, which may stand
 * still meanwhile.
 */
export type Seen = { readonly at: number } & (
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'request'; readonly request: number; readonly user: string }
  | {
      readonly kind: 'answer'
      readonly request: number
      readonly instance: string
      readonly user: string
      readonly password: string
      readonly minValidInMs: number
      readonly json: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'asked'; readonly grant: number; readonly asked: TokenAsked }
  | { readonly kind: 'judged' | 'returned'; readonly grant: number; readonly judged: TokenJudged | undefined }
  /** Whoever asked knows the answer by now. */
  | { readonly kind: 'heeded'; readonly grant: number }
  | Extract<Happening, { readonly kind: 'disturbed' | 'death' | 'account' }>
  /** Calls to the tables may have failed, whomever they were about; or a leap of the clock has ended leases before their time. */
  | { readonly kind: 'faults' }
)

export interface HistoryViolation {
  readonly invariant: string
  readonly what: string
  readonly at: number
}

/**
 * Checks what was seen of real processes by the promises of the simulation. What they write cannot be seen from outside, so the
 * promises about rows and hints have nothing to look at.
 *
 * @param instanceOf which process a correlation id belongs to, `undefined` when it died before it wrote its line.
 */
export function checkHistory(
  history: readonly Seen[],
  options: {
    readonly invariants: Readonly<Record<string, Invariant>>
    readonly settings: CoreSettings
    readonly users: Readonly<Record<string, string>>
    readonly tokenLifeInMs: number
    readonly instanceOf: (correlationId: string) => string | undefined
  },
): readonly HistoryViolation[] {
  let now = history[0]?.at ?? 0
  /** Of the clock. */
  let at = now
  const time = () => now
  const core: CoreModule = { composeCore, BrokerError, IdentityProviderError }
  const issued = new Map<string, Issued>()
  const userByRefreshToken = new Map<string, string>()
  const startTimestamps = new Map<number, number>()
  const grants = new Map<number, Grant>()
  const retryAfter = new Map<number, ProviderFailure>()
  const correlationIds = new Map<number, string>()
  const judgedAt = new Map<string, number>()
  const violations: HistoryViolation[] = []
  const entra = {
    ...createEntra(time, (user) => options.users[user] ?? ''),
    issuedOf: (accessToken: string) => issued.get(accessToken),
  }
  const facts = createFacts(time, (user, password) =>
    entra.accountOf(user).passwords.some((known) => known.password === password),
  )
  const registration = { client: CLIENT, isPublic: true, lifetimeInMs: options.tokenLifeInMs, grants: [] }
  const observed: Observed = {
    core,
    entra,
    facts,
    queue: { time },
    // What it holds is not seen.
    storage: createStorage(),
    scenario: { settings: options.settings, registrations: [registration] },
    registrationOf: () => registration,
    audienceOf: () => AUDIENCE,
    isEnabled: () => true,
  }

  function observe(happening: Happening): void {
    for (const [invariant, check] of Object.entries(options.invariants)) {
      const found = check(happening, observed)
      if (found) violations.push({ invariant, what: found.what, at: now })
    }
    facts.note(happening)
  }

  function grantOf(number: number): Grant {
    const grant = grants.get(number)
    if (!grant) throw new RangeError(`grant ${number} was never asked for`)
    return grant
  }

  function judge(number: number, judged: TokenJudged): void {
    const grant = grantOf(number)
    const failure = failureOfJudged(judged)
    if (failure?.category === 'account_locked') entra.accountOf(grant.user).lockedUntil = now + 60_000
    if (!judged.accessToken) {
      observe({ kind: 'judged', grant, ...(failure && { failure }) })
      return
    }
    const one: Issued = {
      id: `t${issued.size}`,
      user: grant.user,
      client: CLIENT,
      audience: AUDIENCE,
      expiresOnTimestamp: now + (judged.expiresInSeconds ?? 0) * 1000,
      lifetimeInMs: options.tokenLifeInMs,
      refreshToken: judged.refreshToken ?? '',
    }
    issued.set(judged.accessToken, one)
    userByRefreshToken.set(one.refreshToken, grant.user)
    observe({ kind: 'judged', grant, issued: one })
  }

  function replay(seen: Seen): void {
    switch (seen.kind) {
      case 'password':
        entra.changePassword(seen.user, seen.password)
        break
      case 'request':
        startTimestamps.set(seen.request, now)
        observe({ kind: 'request', key: keyOf(seen.user) })
        break
      case 'asked': {
        const { correlationId, username, password, refreshToken } = seen.asked
        const user = username?.toLowerCase() ?? userByRefreshToken.get(refreshToken ?? '') ?? ''
        const grant: Grant = {
          instance: options.instanceOf(correlationId) ?? `lost with ${correlationId}`,
          key: keyOf(user),
          user,
          ...(password !== undefined && { password }),
          ...(refreshToken !== undefined && { refreshToken }),
          startTimestamp: now,
        }
        grants.set(seen.grant, grant)
        correlationIds.set(seen.grant, correlationId)
        observe({ kind: 'asked', grant })
        break
      }
      case 'judged':
        judgedAt.set(correlationIds.get(seen.grant) ?? '', at)
        if (seen.judged) judge(seen.grant, seen.judged)
        break
      case 'returned': {
        const failure = seen.judged ? failureOfJudged(seen.judged) : LOST
        if (failure) retryAfter.set(seen.grant, failure)
        // It is on its way: what it asks for is known to nobody yet.
        const { retryAfterInMs: _, ...known } = failure ?? {}
        observe({
          kind: 'returned',
          grant: grantOf(seen.grant),
          ...(failure && { failure: known as ProviderFailure }),
        })
        break
      }
      case 'heeded': {
        const failure = retryAfter.get(seen.grant)
        if (failure?.retryAfterInMs) observe({ kind: 'returned', grant: grantOf(seen.grant), failure })
        break
      }
      case 'answer': {
        const answer = answerOf(seen)
        if (answer) observe({ kind: 'answer', answer })
        break
      }
      case 'faults':
        for (const user of Object.keys(options.users)) {
          observe({ kind: 'fault', of: 'tables', key: keyOf(user) })
          observe({ kind: 'fault', of: 'index', key: keyOf(user) })
        }
        break
      case 'disturbed':
      case 'death':
      case 'account':
        observe(seen)
        break
    }
  }

  /** @returns `undefined` when the time was up: then the core has answered nothing yet. */
  function answerOf(seen: Extract<Seen, { kind: 'answer' }>): Answer | undefined {
    const { json } = seen
    const about = {
      instance: seen.instance,
      key: keyOf(seen.user),
      user: seen.user,
      client: CLIENT,
      password: seen.password,
      minValidInMs: seen.minValidInMs,
      startTimestamp: startTimestamps.get(seen.request) ?? now,
      instanceTimestamp: now,
    }
    if (json['error'] === 'deadline_exceeded') return undefined
    const correlationId = String(json['correlation_id'])
    if (json['error'] !== undefined) {
      // Entra ID has said so just now, or it was known.
      const logDetail = judgedAt.get(correlationId) === at ? undefined : 'known_'
      const seconds = json['retry_after_seconds']
      const error = new BrokerError(json['error'] as BrokerErrorCode, {
        logDetail,
        ...(typeof seconds === 'number' && { retryAfterInMs: seconds * 1000 }),
      })
      return { ...about, error }
    }
    const warnings = ((json['warnings'] ?? []) as readonly string[]).map((warning) => ({
      code: warning.split(':')[0] as WarningCode,
    }))
    const isMakeshift = warnings.some(({ code }) => code === 'identity_provider_unavailable')
    return {
      ...about,
      brokered: {
        token: {
          value: String(json['accesstoken']),
          acquiredOnTimestamp: now,
          expiresOnTimestamp: Number(json['expires_on']) * 1000,
        },
        action: json['action'] as TokenAction,
        source: 'memory',
        warnings,
        verifiedOnTimestamp: now,
        entryKey: about.key,
        ...(isMakeshift && { notRenewed: new BrokerError('temporarily_unavailable') }),
      },
    }
  }

  observe({ kind: 'profile', client: CLIENT, audience: AUDIENCE })
  for (const seen of history) {
    // What comes after something else is later, also while the clock stands still.
    now = seen.at === at ? now + INSTANT_IN_MS : seen.at
    at = seen.at
    replay(seen)
  }
  return violations
}

const keyOf = (user: string): string => `${CLIENT}/${user}`

const LOST = failureOf('temporarily_unavailable', 'service', 'unknown')

/** By AADSTS code: those that the histories meet. */
const CATEGORIES: Readonly<Record<number, ProviderFailure['category']>> = {
  50034: 'invalid_credentials',
  50053: 'account_locked',
  50057: 'account_disabled',
  50126: 'invalid_credentials',
  50173: 'dead_grant',
  70000: 'dead_grant',
}

/** In the simulation's words. */
function failureOfJudged({
  status,
  accessToken,
  aadsts,
  retryAfterInSeconds,
}: TokenJudged): ProviderFailure | undefined {
  if (accessToken !== undefined) return undefined
  const category = CATEGORIES[aadsts ?? 0]
  if (category !== undefined) return failureOf(category, 'account', 'judged', { aadsts })
  if (status !== 429 && status < 500) throw new RangeError(`nobody expected ${status}, AADSTS${aadsts}`)
  return failureOf('temporarily_unavailable', 'service', 'not_judged', {
    ...(retryAfterInSeconds !== undefined && { retryAfterInMs: retryAfterInSeconds * 1000 }),
  })
}
