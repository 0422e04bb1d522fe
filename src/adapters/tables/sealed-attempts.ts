import * as z from 'zod'
import type { SealedAttempts, SignInAttempt } from '../../core/connection/sign-in.ts'
import { createSealedPayloads, type KeyRing } from './sealed-payload.ts'

const attemptSchema: z.ZodType<SignInAttempt> = z.object({
  id: z.string(),
  authority: z.string(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
  endTimestamp: z.number(),
})

/** Attempts under the keys of the tables, in a place of their own: no row opens as an attempt, and no attempt as a row. */
export function createSealedAttempts(keyRing: KeyRing): SealedAttempts {
  const payloads = createSealedPayloads(keyRing, 'browser', 'sign-in attempt')
  return {
    seal: async (attempt) => Buffer.from(await payloads.seal('', attempt)).toString('base64url'),
    async open(sealed) {
      const opened = await payloads.open('', Buffer.from(sealed, 'base64url'))
      return typeof opened === 'string' ? undefined : attemptSchema.safeParse(opened.value).data
    },
  }
}
