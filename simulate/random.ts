/** Numbers that look like chance and are the same for the same seed. */
export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from 0 to below the limit. */
  readonly below: (limit: number) => number
  /** A whole number, both ends included. */
  readonly between: (low: number, high: number) => number
  readonly isTrue: (probability: number) => boolean
  readonly of: <T>(all: readonly T[]) => T
}

/** mulberry32. Several parts are one seed: each subject has numbers of its own, so that leaving one out changes no other's. */
export function createRandom(...seed: (string | number)[]): Random {
  let state = hashOf(seed.join(' '))
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    between: (low, high) => low + below(high - low + 1),
    isTrue: (probability) => next() < probability,
    of<T>(all: readonly T[]): T {
      const one = all[below(all.length)]
      if (one === undefined) throw new RangeError('nothing to choose from')
      return one
    },
  }
}

/** One stream for each subject, made when it is first asked for. */
export function createStreams(seed: number): (subject: string) => Random {
  const streams = new Map<string, Random>()
  return (subject) => {
    let stream = streams.get(subject)
    if (!stream) streams.set(subject, (stream = createRandom(seed, subject)))
    return stream
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
