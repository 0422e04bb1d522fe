/** The one in the middle. @throws when there is none. */
export function medianOf(values: readonly number[]): number {
  return medianBy(values, (value) => value)
}

/** The one in the middle by that number. @throws when there is none. */
export function medianBy<T>(all: readonly T[], numberOf: (one: T) => number): T {
  const sorted = all.toSorted((a, b) => numberOf(a) - numberOf(b))
  const [middle] = sorted.slice(Math.floor(sorted.length / 2))
  if (middle === undefined) throw new RangeError('nothing to choose from')
  return middle
}
