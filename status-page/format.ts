import { element } from './dom.ts'

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const PERCENT = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })
const CLOCK = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const DAY_AND_CLOCK = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

export const whole = (count: number): string => WHOLE.format(count)
/** For an axis: `1.5K`. */
export const short = (count: number): string => SHORT.format(count)
/** Never 100 % of what is not all, and never 0 % of what is something. */
export function percent(part: number, of: number): string {
  if (of === 0) return '–'
  if (part > 0 && part / of < 0.001) return '<0.1%'
  return PERCENT.format(part === of ? 1 : Math.min(part / of, 0.999))
}
/** In a small room: exact below a million. */
export const brief = (count: number): string => (count < 1_000_000 ? whole(count) : short(count))
export const clock = (iso: string): string => CLOCK.format(new Date(iso))

export function duration(timeInMs: number): string {
  if (timeInMs < 1000) return `${whole(timeInMs)} ms`
  const seconds = Math.round(timeInMs / 1000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** In the time of whoever reads it, with the day when it is another one; the full time is in the element. */
export function time(iso: string, now: string): HTMLTimeElement {
  const at = new Date(iso)
  const isToday = at.toDateString() === new Date(now).toDateString()
  return element('time', { datetime: iso, title: iso }, (isToday ? CLOCK : DAY_AND_CLOCK).format(at))
}

/** `one entry`, `2 entries` */
export function counted(count: number, one: string, many: string): string {
  return `${whole(count)} ${count === 1 ? one : many}`
}
