import type { QueueClient } from '@azure/storage-queue'
import * as z from 'zod'
import type { ChunkQueue, HintChunk } from '../../core/pre-refresh/chunk-queue.ts'

/** Short: a message holds a hundred of them. */
const messageSchema = z
  .object({ horizon: z.number(), hints: z.array(z.tuple([z.number(), z.string().regex(/^[\w-]{43}$/)])) })
  .transform(({ horizon, hints }): HintChunk => ({
    horizonTimestamp: horizon,
    hints: hints.map(([dueTimestamp, entryKey]) => ({ dueTimestamp, entryKey })),
  }))

export interface ChunkQueueOptions {
  readonly queue: QueueClient
  /** Time limit of one operation, retries included. */
  readonly timeoutInMs: number
}

/** Chunks in Azure Queue Storage, where the platform's queue trigger finds them. Keys are hashes: nothing secret. */
export function createChunkQueue({ queue, timeoutInMs }: ChunkQueueOptions): ChunkQueue {
  const limited = () => ({ abortSignal: AbortSignal.timeout(timeoutInMs) })
  return {
    async isEmpty() {
      const { approximateMessagesCount = 0 } = await queue.getProperties(limited())
      return approximateMessagesCount === 0
    },
    async put({ horizonTimestamp, hints }) {
      const message = {
        horizon: horizonTimestamp,
        hints: hints.map(({ dueTimestamp, entryKey }) => [dueTimestamp, entryKey]),
      }
      // The queue trigger's default encoding.
      await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'), limited())
    },
  }
}

/** @throws {z.ZodError} when the message is none of ours: the platform moves it to the poison queue after five tries. */
export function chunkOfMessage(message: unknown): HintChunk {
  return messageSchema.parse(typeof message === 'string' ? JSON.parse(message) : message)
}
