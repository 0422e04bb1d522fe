import { createHash } from 'node:crypto'

/** All that happened, one line each. */
export interface History {
  readonly note: (line: string) => void
  /** Of every line so far: two runs with the same hash are the same run. */
  readonly hash: () => string
  /** The lines, if they are kept. */
  readonly lines: () => readonly string[]
}

const LINES_PER_UPDATE = 2000

/** @param isKept whether the lines are kept, rather than hashed and forgotten. */
export function createHistory(startTimestamp: number, time: () => number, isKept: boolean): History {
  const hash = createHash('sha256')
  const kept: string[] = []
  let waiting: string[] = []

  function update(): void {
    hash.update(waiting.join('\n')).update('\n')
    waiting = []
  }

  return {
    note(line) {
      waiting.push(`${time() - startTimestamp} ${line}`)
      if (isKept) kept.push(`${clockTextOf(time() - startTimestamp)}  ${line}`)
      if (waiting.length >= LINES_PER_UPDATE) update()
    },
    hash() {
      update()
      return hash.copy().digest('hex')
    },
    lines: () => kept,
  }
}

/** Hours of any number, minutes, seconds and milliseconds. */
export function clockTextOf(timeInMs: number): string {
  const digits = (value: number, count: number) => String(Math.floor(value)).padStart(count, '0')
  return `${digits(timeInMs / 3_600_000, 2)}:${digits((timeInMs / 60_000) % 60, 2)}:${digits((timeInMs / 1000) % 60, 2)}.${digits(timeInMs % 1000, 3)}`
}
