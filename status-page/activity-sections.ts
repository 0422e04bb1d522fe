import type { ActivityJson, FailureJson, StretchJson } from '../src/http/status-json.ts'
import { barPlot, legend, type Series } from './bar-plot.ts'
import { element, show, type Child } from './dom.ts'
import { clock, counted, duration, time, whole } from './format.ts'
import { asTable, table } from './table.ts'

const REQUESTS: readonly (Series & { readonly key: 'hits' | 'from_entra' | 'refused' | 'failed' })[] = [
  { key: 'hits', name: 'From cache', color: 'hits' },
  { key: 'from_entra', name: 'From Entra ID', color: 'entra' },
  { key: 'refused', name: 'Refused', color: 'refused' },
  { key: 'failed', name: 'Failed', color: 'failed' },
]

export function showRequests(activity: ActivityJson): void {
  const { stretches, totals, stretch_minutes } = activity
  const title = `Requests, by ${counted(stretch_minutes, 'minute', 'minutes')}`
  const description = `In ${hoursOf(activity)}: ${REQUESTS.map(({ key, name }) => `${name.replace(/^./, (first) => first.toLowerCase())} ${whole(totals[key])}`).join(', ')}.`
  show(
    'requests',
    ...gapsOf(activity),
    barPlot({
      title,
      description,
      series: REQUESTS,
      slots: stretches.map((stretch) => ({
        title: `${clock(stretch.from)}: ${REQUESTS.map(({ key, name }) => `${name} ${whole(stretch[key])}`).join(', ')}`,
        values: REQUESTS.map(({ key }) => stretch[key]),
      })),
      xLabels: clockLabelsOf(stretches),
    }),
    legend(REQUESTS.map(({ key, name, color }) => ({ color, label: `${name} ${whole(totals[key])}` }))),
    element(
      'p',
      { class: 'quiet' },
      `Entra ID was called ${counted(totals.provider_calls, 'time', 'times')}, by requests and by the timer.`,
    ),
    asTable(
      title,
      table(
        title,
        [
          { title: 'From' },
          ...REQUESTS.map(({ name }) => ({ title: name, isNumber: true })),
          { title: 'Entra ID calls', isNumber: true },
        ],
        stretches.toReversed().map((stretch) => ({
          cells: [
            clock(stretch.from),
            ...REQUESTS.map(({ key }) => whole(stretch[key])),
            whole(stretch.provider_calls),
          ],
        })),
      ),
    ),
  )
}

export function showFailures({ failures, warnings, hours }: ActivityJson, now: string): void {
  const degraded = Object.entries(warnings).map(([name, count]) => `${name} ${whole(count)}`)
  show(
    'failures',
    failures.length === 0
      ? element('p', {}, `None in ${hoursOf({ hours })}.`)
      : table(
          `Requests without a token, and refreshes of the timer that failed, in ${hoursOf({ hours })}`,
          [{ title: 'Cause' }, { title: 'Count', isNumber: true }, { title: 'Last', isNumber: true }],
          failures.map((failure) => ({
            cells: [causeOf(failure), whole(failure.count), time(failure.last_seen, now)],
            more: remedyOf(failure),
          })),
        ),
    degraded.length === 0
      ? undefined
      : element('p', { class: 'quiet' }, `Answered although something was degraded: ${degraded.join(', ')}.`),
  )
}

export function showSweeps(activity: ActivityJson, now: string): void {
  const { sweeps, stretches, last_tick, stretch_minutes } = activity
  const title = `Longest lag of an entry (seconds), by ${counted(stretch_minutes, 'minute', 'minutes')}`
  const silent = stretches.filter(({ ticks }) => ticks === 0).length
  show(
    'sweeps',
    element(
      'p',
      {},
      ...(last_tick === null
        ? [element('span', { class: 'bad-word' }, `No sweep in ${hoursOf(activity)}.`)]
        : ['Last at ', time(last_tick, now), '.']),
    ),
    barPlot({
      title,
      description: `At most ${duration(sweeps.oldest_lag_ms)}. ${silentText(silent, stretches.length)}`,
      series: [{ name: 'Lag', color: 'entra' }],
      slots: stretches.map(({ from, ticks, oldest_lag_ms }) => ({
        title: ticks === 0 ? `${clock(from)}: no sweep` : `${clock(from)}: ${duration(oldest_lag_ms)}`,
        values: [oldest_lag_ms / 1000],
        isGap: ticks === 0,
      })),
      xLabels: clockLabelsOf(stretches),
    }),
    legend([
      { color: 'entra', label: `Lag, at most ${duration(sweeps.oldest_lag_ms)}` },
      { color: 'band', label: 'No sweep' },
    ]),
    table(
      `Sweeps in ${hoursOf(activity)}`,
      [{ title: 'What' }, { title: 'Count', isNumber: true }],
      (
        [
          ['Ticks of the timer', whole(sweeps.ticks)],
          ['Ticks that failed', whole(sweeps.failed_ticks)],
          ['Chunks handed to other instances', whole(sweeps.chunks)],
          ['Entries due', whole(sweeps.due)],
          ['Refreshed', whole(sweeps.refreshed)],
          ['Not due after all', whole(sweeps.passed)],
          ['Dropped', whole(sweeps.dropped)],
          ['Failed', whole(sweeps.failed)],
          ['Left for the next tick', whole(sweeps.left)],
          ['Longest tick', duration(sweeps.longest_tick_ms)],
        ] as const
      ).map((cells) => ({ cells })),
    ),
  )
}

function causeOf({ of, cause, aadsts }: FailureJson): HTMLElement {
  const name = aadsts === null ? cause : `${cause} AADSTS${aadsts}`
  return element('span', {}, element('code', {}, name), of === 'refreshes' ? ' (timer)' : undefined)
}

function remedyOf({ description, remedy }: FailureJson): HTMLElement {
  return element('p', {}, `${description} `, element('strong', {}, 'Remedy: '), remedy)
}

/** What is missing in the figures, said before them. */
function gapsOf({ lost_minutes, is_cut }: ActivityJson): Child[] {
  return [
    lost_minutes > 0
      ? element(
          'p',
          { class: 'notice' },
          `The counts of ${counted(lost_minutes, 'minute', 'minutes')} of an instance could not be written and are missing here. The log has them.`,
        )
      : undefined,
    is_cut
      ? element(
          'p',
          { class: 'notice' },
          'There is more than one page can read: the oldest counts are missing.',
        )
      : undefined,
  ]
}

function silentText(silent: number, all: number): string {
  return silent === 0 ? 'There was a sweep in each.' : `In ${silent} of ${all} stretches there was no sweep.`
}

function clockLabelsOf(stretches: readonly StretchJson[]): string[] {
  const middle = stretches[Math.floor(stretches.length / 2)]
  return [stretches[0], middle, stretches.at(-1)].map((stretch) => (stretch ? clock(stretch.from) : ''))
}

function hoursOf({ hours }: Pick<ActivityJson, 'hours'>): string {
  return hours === 1 ? 'the last hour' : `the last ${hours} hours`
}
