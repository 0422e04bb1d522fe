import { BrokerError } from '../broker-error.ts'
import type { ClientProfile, ClientProfiles } from '../client-profile.ts'
import type { DueIndex } from '../entry/due-index.ts'
import { faultDetailOf } from '../fault-detail.ts'
import type { IdentityProvider } from '../provider/identity-provider.ts'
import { IdentityProviderError } from '../provider/provider-failure.ts'
import type { Readiness } from '../readiness.ts'
import { singleFlight } from '../single-flight.ts'

/** The identity provider is asked with a user that cannot exist: no more than once a minute by an instance. */
const SIGN_IN_KEPT_FOR_IN_MS = 60_000
/** What is due for longer than ten ticks is attended to by nobody. */
const LAG_ALLOWED_IN_MS = 10 * 60_000
const SKEW_NOTED_IN_MS = 60_000
/** Tokens, signatures and leases are then wrong. */
const SKEW_BEARABLE_IN_MS = 300_000

export type FindingKind =
  | 'works'
  | 'unavailable'
  | 'misconfigured'
  | 'problem'
  | 'not_tried'
  | 'unreachable'
  | 'registration_refused'
  | 'clock_differs'
  | 'lags'
  | 'needs_mfa'
  | 'no_address'

/** One thing that was looked at. Names, constants and numbers: never a value of a setting or a secret. */
export interface Finding {
  /** `key_vault`, `default_client`, `tables`, `queue`, `settings`, `authority`, `clock`, `registration`, `resource`, `connections`, `timer`. */
  readonly check: string
  readonly status: 'ok' | 'warning' | 'failed' | 'not_tried'
  readonly kind: FindingKind
  /** The number behind `AADSTS`. */
  readonly aadsts?: number | undefined
  /** Constants that tell causes apart. */
  readonly detail?: string | undefined
}

export interface DoctorOptions {
  readonly checkReadiness: () => Promise<Readiness>
  readonly profiles: ClientProfiles
  /** Of the profile that requests use which name none. */
  readonly defaultProfile: string
  readonly dueIndex: Pick<DueIndex, 'dueBefore'>
  readonly identityProvider: Pick<IdentityProvider, 'acquireByPassword'>
  /** @returns what time it is there, epoch milliseconds; `undefined` when it does not say. Rejects when it cannot be reached. */
  readonly askAuthority: (authority: string) => Promise<number | undefined>
  /** Rejects when connections cannot be read. */
  readonly readConnections: () => Promise<unknown>
  /** Whether the broker knows its own address, which a sign-in is sent back to. */
  readonly hasAddress: boolean
  /** Whether the resource is one that the identity provider gives nobody a token for without a second factor. */
  readonly needsMfa: (profile: ClientProfile) => boolean
  readonly randomId: () => string
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The process's own clock, in milliseconds. */
  readonly elapsed: () => number
}

/** Looks at everything that the broker needs, each thing by itself. Never rejects for what it finds. */
export type Doctor = () => Promise<readonly Finding[]>

export function createDoctor(options: DoctorOptions): Doctor {
  const { now, elapsed } = options
  const flight = singleFlight<readonly Finding[]>()
  let kept: { readonly finding: Finding; readonly fingerprint: string; readonly until: number } | undefined

  async function examine(): Promise<readonly Finding[]> {
    const [readiness, profile, timer] = await Promise.all([
      options.checkReadiness(),
      profileIfAny(),
      timerOf(),
    ])
    const connections = profile ? await connectionsOf(profile) : []
    const registration = profile ? await registrationOf(profile) : UNTRIED
    return [...dependenciesOf(readiness), ...registration, ...connections, timer]
  }

  /** Why there is none is among the dependencies. */
  const profileIfAny = () => options.profiles.get(options.defaultProfile).catch(() => undefined)

  async function registrationOf(profile: ClientProfile): Promise<Finding[]> {
    const resource: Finding = options.needsMfa(profile)
      ? { check: 'resource', status: 'warning', kind: 'needs_mfa' }
      : { check: 'resource', status: 'ok', kind: 'works' }
    let time: number | undefined
    try {
      time = await options.askAuthority(profile.authority)
    } catch (error) {
      const detail = faultDetailOf(error)
      return [
        { check: 'authority', status: 'failed', kind: 'unreachable', detail },
        ...UNTRIED.slice(1, 3),
        resource,
      ]
    }
    return [
      { check: 'authority', status: 'ok', kind: 'works' },
      clockOf(time),
      await keptSignInOf(profile),
      resource,
    ]
  }

  function clockOf(time: number | undefined): Finding {
    if (time === undefined) return { check: 'clock', status: 'not_tried', kind: 'not_tried' }
    const skewInMs = Math.abs(now() - time)
    if (skewInMs < SKEW_NOTED_IN_MS) return { check: 'clock', status: 'ok', kind: 'works' }
    const status = skewInMs < SKEW_BEARABLE_IN_MS ? 'warning' : 'failed'
    return { check: 'clock', status, kind: 'clock_differs', detail: `${Math.round(skewInMs / 1000)} s` }
  }

  /** A profile that has changed since is another question. */
  async function keptSignInOf(profile: ClientProfile): Promise<Finding> {
    const { fingerprint } = profile
    if (kept && elapsed() < kept.until && kept.fingerprint === fingerprint) return kept.finding
    const finding = await signInOf(profile)
    kept = { finding, fingerprint, until: elapsed() + SIGN_IN_KEPT_FOR_IN_MS }
    return finding
  }

  /** A user that cannot exist is refused, and by what is known of the registration, only once that is in order. */
  async function signInOf(profile: ClientProfile): Promise<Finding> {
    const check = 'registration'
    // There the user's domain names the tenant, so a refusal of one that cannot exist may say nothing of the application.
    if (tenantOf(profile) === 'organizations') {
      return { check, status: 'not_tried', kind: 'not_tried', detail: 'authority of all organizations' }
    }
    const id = options.randomId()
    const nobody = { username: `entra-token-broker-doctor-${id}@${tenantOf(profile)}`, password: id }
    try {
      await options.identityProvider.acquireByPassword(profile, nobody, neverStored, id)
      return { check, status: 'ok', kind: 'works' }
    } catch (error) {
      if (!(error instanceof IdentityProviderError)) {
        return { check, status: 'failed', kind: 'registration_refused', detail: faultDetailOf(error) }
      }
      const { scope, category, aadsts, detail } = error.failure
      // No answer of the identity provider's, or none that helps: that says nothing of the registration.
      if (category === 'temporarily_unavailable' || aadsts === undefined) {
        return { check, status: 'failed', kind: 'unavailable', aadsts, detail }
      }
      // Whoever judges the account has let the application in.
      const isRegistered = category !== 'misconfigured' && category !== 'consent_required'
      if (scope === 'account' && isRegistered) return { check, status: 'ok', kind: 'works' }
      return { check, status: 'failed', kind: 'registration_refused', aadsts, detail }
    }
  }

  /** Of a profile that allows any. Whether the address is registered, Entra ID says to a person alone. */
  async function connectionsOf({ grants }: ClientProfile): Promise<Finding[]> {
    const check = 'connections'
    if (grants.length === 0) return []
    try {
      await options.readConnections()
    } catch (error) {
      return [{ check, status: 'failed', kind: 'unavailable', detail: faultDetailOf(error) }]
    }
    const isLost = grants.includes('authorization_code') && !options.hasAddress
    return [isLost ? { check, status: 'failed', kind: 'no_address' } : { check, status: 'ok', kind: 'works' }]
  }

  async function timerOf(): Promise<Finding> {
    try {
      const [oldest] = await options.dueIndex.dueBefore(now() - LAG_ALLOWED_IN_MS)
      if (!oldest) return { check: 'timer', status: 'ok', kind: 'works' }
      const lagInMinutes = Math.round((now() - oldest.dueTimestamp) / 60_000)
      return { check: 'timer', status: 'failed', kind: 'lags', detail: `${lagInMinutes} min` }
    } catch (error) {
      return { check: 'timer', status: 'failed', kind: 'unavailable', detail: faultDetailOf(error) }
    }
  }

  return () => flight('', examine)
}

const UNTRIED: readonly Finding[] = ['authority', 'clock', 'registration', 'resource'].map((check) => ({
  check,
  status: 'not_tried',
  kind: 'not_tried',
}))

function dependenciesOf({ checks, details, problems }: Readiness): Finding[] {
  return [
    ...Object.entries(checks).map(([check, word]): Finding => {
      if (word === 'ok') return { check, status: 'ok', kind: 'works' }
      const detail = details.find((each) => each.startsWith(`${check}: `))?.slice(check.length + 2)
      return {
        check,
        status: 'failed',
        kind: word === 'unavailable' ? 'unavailable' : 'misconfigured',
        detail,
      }
    }),
    ...problems.map((detail): Finding => ({ check: 'settings', status: 'warning', kind: 'problem', detail })),
  ]
}

/** The last part of the authority's path. */
function tenantOf({ authority }: ClientProfile): string {
  return authority.slice(authority.lastIndexOf('/') + 1)
}

/** There is nobody whose tokens these could be. */
function neverStored(): Promise<never> {
  return Promise.reject(new BrokerError('internal_error'))
}
