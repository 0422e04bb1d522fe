/** The same numbers for the same seed, so that what chance has found can be found again. */
export function createRandom(seed: number) {
  let state = seed
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    /** A whole number from 0 to below the limit. */
    below,
    of<T>(all: readonly T[]): T {
      const one = all[below(all.length)]
      if (one === undefined) throw new RangeError('nothing to choose from')
      return one
    },
  }
}
