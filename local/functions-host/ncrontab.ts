/** A timer's schedule: `{second} {minute} {hour} {day} {month} {day-of-week}`, in UTC. */
export interface Ncrontab {
  /** The first moment that the schedule names after `after`, both in epoch milliseconds. */
  readonly nextAfter: (after: number) => number
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

const fields = [
  { name: 'second', min: 0, max: 59, names: [] },
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: monthNames },
  { name: 'day of week', min: 0, max: 6, names: dayNames },
] as const

type Field = (typeof fields)[number]

const dayInMs = 86_400_000
/** 29 February on a given weekday can be 40 years away. */
const searchLimitInDays = 366 * 41

function valueOf(text: string, { name, min, max, names }: Field): number {
  const index = (names as readonly string[]).indexOf(text.slice(0, 3).toLowerCase())
  const value = index >= 0 ? index + min : Number(text)
  if (!/^([a-z]+|\d+)$/i.test(text) || !(value >= min && value <= max)) {
    throw new RangeError(`${name} must be between ${min} and ${max}, not "${text}"`)
  }
  return value
}

/** One field: a list of `*`, `a`, `a-b`, each with an optional `/step`; `a/step` runs from `a` to the end. */
function valuesOf(text: string, field: Field): ReadonlySet<number> {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const [range = '', stepText] = part.split('/')
    const step = stepText === undefined ? 1 : Number(stepText)
    if (!(Number.isInteger(step) && step > 0))
      throw new RangeError(`${field.name} has the bad step "${stepText}"`)
    const [from = '', to] = range.split('-')
    const first = range === '*' ? field.min : valueOf(from, field)
    const onlyOne = range !== '*' && to === undefined && stepText === undefined
    const last = onlyOne ? first : to === undefined ? field.max : valueOf(to, field)
    if (last < first) throw new RangeError(`${field.name} has the empty range "${range}"`)
    for (let value = first; value <= last; value += step) values.add(value)
  }
  return values
}

/**
 * Parses an NCRONTAB expression as the Functions host does: six fields, or five without the seconds. Unlike in cron, a day
 * must match both its day of the month and its day of the week.
 *
 * @throws {RangeError} that names the field.
 */
export function parseNcrontab(expression: string): Ncrontab {
  const texts = expression.trim().split(/\s+/)
  if (texts.length === 5) texts.unshift('0')
  if (texts.length !== 6)
    throw new RangeError(`A schedule has six fields, not ${texts.length}: "${expression}"`)
  const [seconds, minutes, hours, days, months, weekdays] = fields.map((field, index) =>
    valuesOf(texts[index] ?? '', field),
  )

  const isNamedDay = (day: Date): boolean =>
    days?.has(day.getUTCDate()) === true &&
    months?.has(day.getUTCMonth() + 1) === true &&
    weekdays?.has(day.getUTCDay()) === true

  const timesInMs = [...(hours ?? [])]
    .flatMap((hour) => [...(minutes ?? [])].map((minute) => hour * 60 + minute))
    .flatMap((minute) => [...(seconds ?? [])].map((second) => (minute * 60 + second) * 1000))
    .toSorted((a, b) => a - b)

  return {
    nextAfter: (after) => {
      const today = Math.floor(after / dayInMs) * dayInMs
      for (let offset = 0; offset < searchLimitInDays; offset++) {
        const day = today + offset * dayInMs
        if (!isNamedDay(new Date(day))) continue
        const time = timesInMs.find((timeInMs) => day + timeInMs > after)
        if (time !== undefined) return day + time
      }
      throw new RangeError(`"${expression}" never comes`)
    },
  }
}
