import * as z from 'zod'
import { BrokerError } from '../../core/broker-error.ts'

/** What the SDK makes of the service's own mark: base64 of JSON. */
const mark = z.object({ nextPartitionKey: z.string() })

/** How a listing goes on. @throws {BrokerError} `invalid_request` when no page has said `next`: the SDK throws whatever it fails on. */
export function pageSettingsOf(
  pageSize: number,
  next: string | undefined,
): { readonly maxPageSize: number; readonly continuationToken?: string } {
  if (next === undefined) return { maxPageSize: pageSize }
  if (mark.safeParse(jsonOf(next)).success) return { maxPageSize: pageSize, continuationToken: next }
  throw new BrokerError('invalid_request', {
    description: 'next is not one that this list has given.',
    remedy: 'Begin anew, without it.',
    logDetail: 'next',
  })
}

function jsonOf(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64').toString())
  } catch {
    return undefined
  }
}
