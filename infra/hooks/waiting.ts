/** What a hook needs to wait for something, and to say so. */
export interface Waiting {
  readonly say: (line: string) => void
  readonly delay: (timeInMs: number) => Promise<unknown>
  /** Milliseconds of a clock that nobody sets. */
  readonly elapsed: () => number
}
