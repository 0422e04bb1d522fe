import * as z from 'zod'
import type { AccessToken } from '../../core/access-token.ts'

/** Epoch seconds as a string. */
const seconds = z.coerce.number().positive()

/** The part of MSAL's unified cache schema that a cached hit needs. */
const msalCache = z.object({
  AccessToken: z.record(
    z.string(),
    z.object({ secret: z.string().min(1), cached_at: seconds, expires_on: seconds }),
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
  return (
    latest && {
      value: latest.secret,
      acquiredOnTimestamp: latest.cached_at * 1000,
      expiresOnTimestamp: latest.expires_on * 1000,
    }
  )
}

/** The same cache, whose refresh token is what is wanted: of several access tokens the older one might live longer. */
export function withoutAccessTokens(serializedCache: string): string {
  try {
    const cache = JSON.parse(serializedCache) as Record<string, unknown>
    return JSON.stringify({ ...cache, AccessToken: {} })
  } catch {
    return serializedCache
  }
}
