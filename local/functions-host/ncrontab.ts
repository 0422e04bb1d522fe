import { Cron } from 'croner'

/** A timer's schedule: `{second} {minute} {hour} {day} {month} {day-of-week}`, in UTC. */
export interface Ncrontab {
  /** The first moment that the schedule names after `after`, both in epoch milliseconds. */
  readonly nextAfter: (after: number) => number
}

/** Croner knows more (`L`, `#`, `?`, `@daily`): in Azure a timer with such a schedule is in error, and nobody is told. */
const field = /^(?:[\d*,/-]|[a-z]{3})+$/i

/**
 * An NCRONTAB expression as the Functions host reads it: six fields, or five without the seconds. Unlike in cron, a day must
 * match both its day of the month and its day of the week.
 *
 * @throws {RangeError}
 */
export function parseNcrontab(expression: string): Ncrontab {
  const isNcrontab = expression
    .trim()
    .split(/\s+/)
    .every((text) => field.test(text))
  if (!isNcrontab) throw new RangeError(`"${expression}" is not an NCRONTAB schedule`)
  const cron = cronOf(expression)
  return {
    nextAfter: (after) => {
      const next = cron.nextRun(new Date(after))
      if (!next) throw new RangeError(`"${expression}" never comes`)
      return next.getTime()
    },
  }
}

function cronOf(expression: string): Cron {
  try {
    return new Cron(expression, {
      timezone: 'UTC',
      mode: '5-or-6-parts',
      domAndDow: true,
      // `5/25` runs from 5 to the end.
      sloppyRanges: true,
      paused: true,
    })
  } catch (cause) {
    throw new RangeError(`"${expression}" is not an NCRONTAB schedule: ${(cause as Error).message}`, {
      cause,
    })
  }
}
