import type { createRandom } from '../test/support/random.ts'
import { contract } from './contract.ts'

type Random = ReturnType<typeof createRandom>

export const USERS = Array.from({ length: 100 }, (_, number) => ({
  username: `user${number}@contoso.example`,
  password: `Right-Password-${number}`,
}))

/** Who is given up on is not waited for longer. */
const PATIENCE_IN_MS = 60_000

interface Request {
  readonly path: string
  readonly init: RequestInit
  /** Whose token may be the answer; no one's without it. */
  readonly username?: string
  /** The caller breaks off after so long. */
  readonly breaksOffInMs?: number
}

/** Callers who ask for everything that can be asked for, rightly and wrongly, as fast as they are answered. */
export function createTraffic(url: string, random: Random) {
  /** How many were answered so. */
  const counts: Record<string, number> = {}
  const violations = new Set<string>()
  const count = (what: string): void => void (counts[what] = (counts[what] ?? 0) + 1)

  async function askOnce(): Promise<void> {
    const { path, init, username, breaksOffInMs = PATIENCE_IN_MS } = requestOf(random)
    const signal = AbortSignal.timeout(breaksOffInMs)
    try {
      const response = await fetch(`${url}${path}`, { ...init, signal })
      const text = await response.text()
      count(`${path} ${response.status}`)
      const violation =
        contract.violationOf(path, response.status, text) ?? tokenViolationOf(response.status, text, username)
      if (violation) violations.add(violation)
    } catch (error) {
      const isPatient = breaksOffInMs === PATIENCE_IN_MS
      count(isPatient ? `${path} without an answer` : 'callers who broke off')
      if (isPatient) violations.add(`${path} was not answered (${(error as Error).name})`)
    }
  }

  return {
    counts,
    violations,
    /** So many callers at a time, until the signal. @returns when all are answered. */
    async ask(callers: number, until: AbortSignal): Promise<void> {
      const askUntil = async () => {
        while (!until.aborted) await askOnce()
      }
      await Promise.all(Array.from({ length: callers }, askUntil))
    },
  }
}

function requestOf(random: Random): Request {
  const { username, password } = random.of(USERS)
  const json = (path: string, body: unknown): Request => ({
    path,
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    },
  })
  const right = () => ({ ...json('/requesttoken', { username, password }), username })
  const wrong = () => json('/requesttoken', { username, password: `wrong ${random.below(20)}` })
  const form = (fields: Readonly<Record<string, string>>): Request => ({
    path: '/oauth2/token',
    init: { method: 'POST', body: new URLSearchParams({ grant_type: 'password', ...fields }) },
  })
  const streamed = () => ({
    path: '/requesttoken',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ReadableStream.from([Buffer.from(JSON.stringify({ username, password }))]),
      duplex: 'half',
    } as RequestInit,
    username,
  })
  const kinds: readonly (() => Request)[] = [
    ...Array.from({ length: 10 }, () => right),
    () => ({
      ...json('/requesttoken', { username, password, min_valid_seconds: random.below(40) }),
      username,
    }),
    () => ({ ...json('/requesttoken', { username, password, client: 'confidential' }), username }),
    () => ({ ...form({ username, password }), username }),
    () => form({ username, password: 'wrong' }),
    () => form({ username, password: 'x'.repeat(10_000) }),
    () => json('/oauth2/token', { username, password }),
    () => ({ path: random.of(['/oauth2/token', '/requesttoken']), init: {} }),
    streamed,
    wrong,
    () => json('/requesttoken', { username: `nobody${random.below(50)}@contoso.example`, password: 'wrong' }),
    () => json('/requesttoken', { username: `mfa@contoso.example`, password: 'Correct-Horse-Battery-1' }),
    () => json('/requesttoken', { username, password, client: 'unknown' }),
    () => json('/requesttoken', '{'),
    () => json('/requesttoken', { username, password: 'x'.repeat(10_000) }),
    () => json('/requesttoken', {}),
    () => ({ path: '/requesttoken', init: { method: 'POST', body: '<xml/>' } }),
    () => ({ ...right(), breaksOffInMs: random.below(20) }),
    () => ({ path: '/ready', init: {} }),
    () => ({ path: '/health', init: {} }),
  ]
  return random.of(kinds)()
}

/** A token is its user's, and nobody's who did not send the right password. */
function tokenViolationOf(status: number, text: string, username: string | undefined): string | undefined {
  if (status !== 200 || !text.includes('token"')) return undefined
  const { accesstoken, access_token } = JSON.parse(text) as Readonly<Record<string, string | undefined>>
  const [, payload = ''] = (accesstoken ?? access_token ?? '').split('.')
  const { upn } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly upn?: string }
  if (username === undefined) return 'a wrong password was answered with a token'
  return upn === username ? undefined : "a token was another user's"
}
