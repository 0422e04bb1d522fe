import type { HttpRequest } from '@azure/functions'
import type { ActivityCounts } from '../core/activity/activity-counts.ts'
import type { ActivityHistory, HistoryRange } from '../core/activity/activity-history.ts'
import type { BrokerError } from '../core/broker-error.ts'
import type { ConcernKind, ConnectionSurvey } from '../core/connection/connection-survey.ts'
import type { EntrySurvey, SurveyLimits } from '../core/operate/entry-survey.ts'
import type { Readiness } from '../core/readiness.ts'
import { invalidRequest } from './invalid-request.ts'
import { failuresOf, isRefusal } from './status-failures.ts'
import type {
  ActivityJson,
  ConnectionsJson,
  DependencyJson,
  EntriesJson,
  FiguresJson,
  StatusJson,
  SweepsJson,
  UnavailableJson,
} from './status-json.ts'

const MINUTE_IN_MS = 60_000
const HOUR_IN_MS = 60 * MINUTE_IN_MS

/** How far back a page may look, in hours, and how many minutes each stretch of its plot has. */
const STRETCH_MINUTES: Readonly<Record<string, number>> = { 1: 1, 6: 10, 24: 30 }

/** An hour and more: what the default life of a token fills. */
export const SURVEY_LIMITS: SurveyLimits = {
  maxEntries: 2000,
  maxShown: 100,
  stepInMs: 10 * MINUTE_IN_MS,
  steps: 10,
}

const DEPENDENCY_REMEDIES: Readonly<Record<string, string>> = {
  key_vault:
    'Check that the app may read secrets (Key Vault Secrets User), that the vault lets its network in, and that token-cache-encryption-key and token-cache-index-key hold base64 of 32 bytes.',
  default_client: 'Check the secret client-default: it must be a client profile in JSON.',
  tables:
    'Check that the data account has all tables, that the app may write them (Storage Table Data Contributor), and that its network lets the app in.',
  queue:
    'Check that the data account has the queue refreshchunk, and that the app may use it (Storage Queue Data Contributor).',
  settings: 'Correct the app settings; the log names each that is wrong.',
}

const CONCERN_REMEDIES: Readonly<Record<ConcernKind, string>> = {
  dead: 'Its flow gets 403. Send the owner the connect_url of GET /connections/{name}: one sign-in, and the secret stays.',
  dying: 'Nobody uses it. Delete it, or have it used: a request renews it.',
  never_connected: 'Send the owner the connect_url of GET /connections/{name}, or delete it.',
}

/** @throws {BrokerError} `invalid_request` */
export function rangeOf({ query }: HttpRequest): HistoryRange {
  const hours = query.get('hours') ?? '6'
  const stretchMinutes = Object.hasOwn(STRETCH_MINUTES, hours) ? STRETCH_MINUTES[hours] : undefined
  if (stretchMinutes === undefined) {
    throw invalidRequest('hours must be 1, 6 or 24.', 'Leave it out, or correct it.')
  }
  return { rangeInMs: Number(hours) * HOUR_IN_MS, stretchInMs: stretchMinutes * MINUTE_IN_MS }
}

export function statusJsonOf(
  parts: {
    readonly readiness: Readiness
    readonly survey: EntrySurvey | BrokerError
    readonly connections: ConnectionSurvey | BrokerError
    readonly history: ActivityHistory | BrokerError
  },
  range: HistoryRange,
  now: number,
): StatusJson {
  const { readiness, survey, connections, history } = parts
  return {
    generated_on: isoOf(now),
    dependencies: Object.entries(readiness.checks).map(([name, state]) => dependencyOf(name, state)),
    problems: readiness.problems,
    entries: 'code' in survey ? unavailableOf(survey, 'tokencache') : entriesOf(survey),
    connections:
      'code' in connections ? unavailableOf(connections, 'connections') : connectionsOf(connections),
    activity: 'code' in history ? unavailableOf(history, 'activity') : activityOf(history, range),
  }
}

function dependencyOf(name: string, state: string): DependencyJson {
  if (state === 'ok') return { name, state }
  return { name, state, remedy: DEPENDENCY_REMEDIES[name] ?? 'Search the log for not_ready.' }
}

function unavailableOf({ code }: BrokerError, table: string): UnavailableJson {
  return {
    error: code,
    description:
      code === 'deadline_exceeded'
        ? `Reading the table ${table} took too long.`
        : `The table ${table} could not be read.`,
    remedy: `Check that the data account has the table ${table}, that the app may read it (Storage Table Data Contributor), and that its network lets the app in. The log has the detail.`,
  }
}

function entriesOf({ onPasswords, passwordsByClient, ...survey }: EntrySurvey): EntriesJson {
  return {
    read: survey.read,
    is_cut: survey.isCut,
    unreadable: survey.unreadable,
    expired: survey.expired,
    failing: survey.failing,
    step_minutes: SURVEY_LIMITS.stepInMs / MINUTE_IN_MS,
    by_time_to_expiry: survey.byTimeToExpiry,
    on_passwords: {
      count: Object.values(passwordsByClient).reduce((sum, count) => sum + count, 0),
      by_client: passwordsByClient,
      shown: onPasswords.map(({ userHash, client = '', lastUsedTimestamp, verifiedOnTimestamp = 0 }) => ({
        user_hash: userHash,
        client,
        last_used: isoOf(lastUsedTimestamp),
        password_accepted_on: isoOf(verifiedOnTimestamp),
      })),
    },
  }
}

function connectionsOf({ read, isCut, byState, concerns }: ConnectionSurvey): ConnectionsJson {
  return {
    read,
    is_cut: isCut,
    by_state: byState,
    concerns: concerns.map(({ name, client, kind, timestamp, aadsts }) => ({
      name,
      client,
      concern: kind,
      since: isoOf(timestamp),
      aadsts: aadsts ?? null,
      remedy: CONCERN_REMEDIES[kind],
    })),
  }
}

function activityOf(history: ActivityHistory, range: HistoryRange): ActivityJson {
  const { totals, lastSeenTimestamps, lastTickTimestamp } = history
  return {
    hours: range.rangeInMs / HOUR_IN_MS,
    stretch_minutes: range.stretchInMs / MINUTE_IN_MS,
    instances: history.instances,
    lost_minutes: history.lostMinutes,
    is_cut: history.isCut,
    last_tick: lastTickTimestamp === undefined ? null : isoOf(lastTickTimestamp),
    stretches: history.stretches.map(({ fromTimestamp, counts }) => ({
      from: isoOf(fromTimestamp),
      ...figuresOf(counts),
      ticks: counts.sweeps['ticks'] ?? 0,
      refreshed: counts.sweeps['refreshed'] ?? 0,
      oldest_lag_ms: counts.oldestLagMs,
    })),
    totals: figuresOf(totals),
    actions: totals.actions,
    warnings: totals.warnings,
    sweeps: sweepsOf(totals),
    failures: [
      ...failuresOf('requests', totals.errors, lastSeenTimestamps.errors),
      ...failuresOf('refreshes', totals.sweepFailures, lastSeenTimestamps.sweepFailures),
    ],
  }
}

function figuresOf({ sources, errors, providerCalls }: ActivityCounts): FiguresJson {
  const total = totalOf(errors)
  const refused = totalOf(Object.fromEntries(Object.entries(errors).filter(([name]) => isRefusal(name))))
  return {
    hits: (sources['memory'] ?? 0) + (sources['store'] ?? 0),
    from_entra: sources['identity_provider'] ?? 0,
    refused,
    failed: total - refused,
    provider_calls: providerCalls,
  }
}

function sweepsOf({ sweeps, sweepFailures, oldestLagMs, longestTickMs }: ActivityCounts): SweepsJson {
  const of = (name: string) => sweeps[name] ?? 0
  return {
    ticks: of('ticks'),
    failed_ticks: of('failed_ticks'),
    chunks: of('chunks'),
    due: of('due'),
    queued: of('queued'),
    refreshed: of('refreshed'),
    dropped: of('dropped'),
    passed: of('passed'),
    failed: totalOf(sweepFailures),
    left: of('left'),
    oldest_lag_ms: oldestLagMs,
    longest_tick_ms: longestTickMs,
  }
}

function totalOf(tally: Readonly<Record<string, number>>): number {
  return Object.values(tally).reduce((sum, count) => sum + count, 0)
}

function isoOf(timestamp: number): string {
  return new Date(timestamp).toISOString()
}
