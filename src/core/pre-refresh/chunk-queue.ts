import type { DueHint } from '../entry/due-index.ts'

/** Due hints for another instance to attend to. */
export interface HintChunk {
  /** What is due after this is not due; epoch milliseconds. */
  readonly horizonTimestamp: number
  readonly hints: readonly DueHint[]
}

/** Hands chunks to as many instances as the platform starts; at least once each. */
export interface ChunkQueue {
  isEmpty(): Promise<boolean>
  put(chunk: HintChunk): Promise<void>
}
