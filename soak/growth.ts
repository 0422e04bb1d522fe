/** What a process holds at a moment when nothing is under way. */
export interface Look {
  /** Of the heap and of buffers, after garbage collection. */
  readonly memoryInMiB: number
  /** To see, not to judge by: what the allocator keeps is not given back. */
  readonly rssInMiB: number
  /** Timers, servers, sockets and whatever else keeps a process alive. */
  readonly handles: number
  readonly sockets: number
}

interface Limit {
  readonly what: Exclude<keyof Look, 'rssInMiB'>
  /** Growth that is none: caches that are bounded fill, connections are kept. */
  readonly part: number
  readonly absolute: number
}

const LIMITS: readonly Limit[] = [
  { what: 'memoryInMiB', part: 0.1, absolute: 4 },
  { what: 'handles', part: 0.25, absolute: 10 },
  { what: 'sockets', part: 0.25, absolute: 10 },
]

/** In words. */
export const GROWTH_RULE = `Of the looks after the first fifth, which is warm-up, the median of the last third is compared with that of the first. Grown is what is larger by more than ${LIMITS.map(({ what, part, absolute }) => `${part * 100} % and ${absolute} (${what})`).join(', ')}.`

/** @returns what has grown. */
export function growthOf(looks: readonly Look[]): string[] {
  const warm = looks.slice(Math.ceil(looks.length / 5))
  const third = Math.floor(warm.length / 3)
  if (third === 0) throw new RangeError(`${looks.length} looks are too few`)
  return LIMITS.flatMap(({ what, part, absolute }) => {
    const first = medianOf(warm.slice(0, third), what)
    const last = medianOf(warm.slice(-third), what)
    const isGrown = last - first > absolute && last > first * (1 + part)
    return isGrown ? [`${what} grew from ${first.toFixed(1)} to ${last.toFixed(1)}`] : []
  })
}

function medianOf(looks: readonly Look[], what: keyof Look): number {
  const sorted = looks.map((look) => look[what]).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
