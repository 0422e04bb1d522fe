export interface Clock {
  /** What time it is, for what is stored and for what others said: epoch milliseconds. It may be set, back too. */
  readonly now: () => number
  /** How much time has passed in this process, for ages inside it: milliseconds since a fixed moment. It never jumps. */
  readonly elapsed: () => number
}
