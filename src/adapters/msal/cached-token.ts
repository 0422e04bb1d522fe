import * as z from 'zod'
import type { AccessToken } from '../../core/access-token.ts'

/** The part of MSAL's unified cache schema that a cached hit needs; `expires_on` is epoch seconds as a string. */
const msalCache = z.object({
  AccessToken: z.record(
    z.string(),
    z.object({ secret: z.string().min(1), expires_on: z.coerce.number().positive() }),
  ),
})

/** The access token that lives longest in MSAL's serialized cache; `undefined` when it holds none or cannot be read. */
export function cachedTokenOf(serializedCache: string): AccessToken | undefined {
  let tokens: z.infer<typeof msalCache>['AccessToken']
  try {
    tokens = msalCache.parse(JSON.parse(serializedCache)).AccessToken
  } catch {
    return undefined
  }
  const [latest] = Object.values(tokens).toSorted((a, b) => b.expires_on - a.expires_on)
  return latest && { value: latest.secret, expiresOnTimestamp: latest.expires_on * 1000 }
}
