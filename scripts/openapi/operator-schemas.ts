import * as z from 'zod'
import type { StatusJson } from '../../src/http/status-json.ts'

const counts = z.record(z.string(), z.int())

const unavailable = z.object({ error: z.string(), description: z.string(), remedy: z.string() })

const entries = z.object({
  read: z.int(),
  is_cut: z.boolean().describe('Whether there are more than were read.'),
  unreadable: z.int(),
  expired: z.int(),
  failing: z.int(),
  step_minutes: z.int(),
  by_time_to_expiry: z
    .array(z.int())
    .describe('So many live one step at most, two steps, …; the last holds what lives longer.'),
  on_passwords: z.object({
    count: z.int(),
    by_client: counts,
    shown: z.array(
      z.object({
        user_hash: z.string(),
        client: z.string(),
        last_used: z.string(),
        password_accepted_on: z.string(),
      }),
    ),
  }),
})

const connections = z.object({
  read: z.int(),
  is_cut: z.boolean(),
  by_state: counts,
  concerns: z
    .array(
      z.object({
        name: z.string(),
        client: z.string(),
        concern: z.enum(['dead', 'dying', 'never_connected']),
        since: z.string(),
        aadsts: z.int().nullable(),
        remedy: z.string(),
      }),
    )
    .describe('Connections that somebody must see to.'),
})

const FIGURES = {
  hits: z.int().describe('Tokens from memory or from the table.'),
  from_entra: z.int().describe('Tokens for which Entra ID was asked.'),
  refused: z.int().describe('Answered with a status below 500.'),
  failed: z.int().describe('Answered with 500 or more.'),
  provider_calls: z.int().describe('Calls of Entra ID.'),
}

const activity = z.object({
  hours: z.int(),
  stretch_minutes: z.int(),
  instances: z.int(),
  lost_minutes: z.int().describe('Minutes whose counts could not be written.'),
  is_cut: z.boolean(),
  last_tick: z.string().nullable(),
  stretches: z.array(
    z.object({
      ...FIGURES,
      from: z.string(),
      ticks: z.int(),
      refreshed: z.int(),
      oldest_lag_ms: z.int(),
    }),
  ),
  totals: z.object(FIGURES),
  actions: counts,
  warnings: counts,
  sweeps: z.object({
    ticks: z.int(),
    failed_ticks: z.int(),
    chunks: z.int(),
    due: z.int(),
    queued: z.int(),
    refreshed: z.int(),
    dropped: z.int(),
    passed: z.int(),
    failed: z.int(),
    left: z.int(),
    oldest_lag_ms: z.int(),
    longest_tick_ms: z.int(),
  }),
  failures: z.array(
    z.object({
      of: z.enum(['requests', 'refreshes']),
      cause: z.string(),
      aadsts: z.int().nullable(),
      count: z.int(),
      last_seen: z.string(),
      description: z.string(),
      remedy: z.string(),
    }),
  ),
})

/** `GET /status/data`, as `StatusJson` has it. */
export const status = z.object({
  generated_on: z.string(),
  dependencies: z.array(
    z.object({ name: z.string(), state: z.string(), remedy: z.string().exactOptional() }),
  ),
  problems: z.array(z.string()).describe('What is wrong although service goes on.'),
  entries: z.union([entries, unavailable]),
  connections: z.union([connections, unavailable]),
  activity: z.union([activity, unavailable]),
}) satisfies z.ZodType<StatusJson>

/** `GET /doctor`. */
export const findings = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'not_tried']),
      finding: z.string(),
      aadsts: z.int().optional(),
      detail: z.string().optional().describe('Constants that tell causes apart; never a value.'),
      remedy: z.string().optional(),
    }),
  ),
})
