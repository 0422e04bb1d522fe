import type { ResourceManager } from './resource-manager.ts'
import type { Waiting } from './waiting.ts'

/** A right that was assigned a moment ago takes up to ten minutes to work. */
const PATIENCE_IN_MS = 12 * 60_000
const PAUSE_IN_MS = 10_000

export interface ReadinessParts extends Waiting {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly resourceManager: ResourceManager
  /** Resource id of the app, without a slash in front. */
  readonly site: string
  readonly brokerUrl: string
  /** Told of the function key before it is used. */
  readonly hideFromLog: (key: string) => void
}

/**
 * Waits until the broker answers that it is ready; each new answer is said once.
 *
 * @throws {Error} with the last answer, when that takes longer than a right needs to arrive.
 */
export async function waitUntilReady(parts: ReadinessParts): Promise<void> {
  const { fetch, brokerUrl, hideFromLog, say, delay, elapsed } = parts
  const startTime = elapsed()
  let key: string | undefined
  let latest = ''
  for (;;) {
    key ??= await functionKeyOf(parts)
    if (key) hideFromLog(key)
    const answer = key ? await answerOf(fetch, brokerUrl, key) : 'no function key yet'
    if (answer !== latest) say(`${brokerUrl}/ready: ${answer}`)
    latest = answer
    if (answer.startsWith('200 ')) return
    if (elapsed() - startTime + PAUSE_IN_MS > PATIENCE_IN_MS) throw new Error(`Not ready: ${answer}`)
    await delay(PAUSE_IN_MS)
  }
}

/** @returns undefined as long as the host has made none. */
async function functionKeyOf({ resourceManager, site }: ReadinessParts): Promise<string | undefined> {
  const response = await resourceManager('POST', `${site}/host/default/listkeys`, '2023-12-01')
  if (response.status === 401 || response.status === 403) {
    throw new Error(`The key of the app may not be read (HTTP ${response.status}): Contributor on it can.`)
  }
  if (!response.ok) return undefined
  return ((await response.json()) as { functionKeys?: { default?: string } }).functionKeys?.default
}

async function answerOf(fetch: ReadinessParts['fetch'], brokerUrl: string, key: string): Promise<string> {
  try {
    const response = await fetch(`${brokerUrl}/ready`, {
      headers: { 'x-functions-key': key },
      signal: AbortSignal.timeout(60_000),
    })
    return `${response.status} ${await response.text()}`
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } }
    return `no answer (${cause?.code ?? name})`
  }
}
