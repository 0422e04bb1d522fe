import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface HttpLoad {
  /** Mean over the run. */
  readonly requestsPerSecond: number
  readonly p99InMs: number
}

/** What autocannon prints; https://github.com/mcollina/autocannon#autocannonopts-cb. */
interface Report {
  readonly requests: { readonly average: number }
  readonly latency: { readonly p99: number }
  readonly errors: number
  readonly timeouts: number
  readonly non2xx: number
}

/**
 * POSTs JSON over 10 connections, one request after the other on each, from a process of its own.
 *
 * @throws when a request fails.
 */
export async function loadOf(url: string, body: string, durationInSeconds: number): Promise<HttpLoad> {
  const autocannon = fileURLToPath(import.meta.resolve('autocannon'))
  const flags = ['--json', '--no-progress', '--connections', '10', '--duration', String(durationInSeconds)]
  const request = ['--method', 'POST', '--headers', 'Content-Type=application/json', '--body', body]
  const child = spawn(process.execPath, [autocannon, ...flags, ...request, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = (): void => void child.kill()
  process.once('exit', end)
  const [printed] = await Promise.all([text(child.stdout), once(child, 'exit')])
  process.off('exit', end)
  const { requests, latency, errors, timeouts, non2xx } = JSON.parse(printed) as Report
  if (errors + timeouts + non2xx > 0)
    throw new Error(`of the requests to ${url} ${errors + timeouts + non2xx} failed`)
  return { requestsPerSecond: requests.average, p99InMs: latency.p99 }
}
