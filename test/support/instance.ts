import { compose } from '../../src/composition.ts'
import type { Clock } from '../../src/core/clock.ts'
import { createRequestTokenHandler } from '../../src/functions/requesttoken.ts'
import { readSettings } from '../../src/settings.ts'
import { post } from './http-requests.ts'
import { createInvocation } from './invocation.ts'

export interface InstanceAnswer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
  /** What was logged of the request. */
  readonly line: Readonly<Record<string, unknown>>
  /** By the machine's clock, also where the process's stands still. */
  readonly tookInMs: number
}

/** One composition with a memory of its own: what an instance of the function app is to the others. */
export interface Instance {
  requestToken(fields: object): Promise<InstanceAnswer>
  tick(): Promise<void>
}

/** @param clock of its own; the process's without one. */
export function createInstance(
  environment: Readonly<Record<string, string | undefined>>,
  clock?: Partial<Clock>,
): Instance {
  const processClock = { now: () => Date.now(), elapsed: () => performance.now() }
  const composition = compose(readSettings(environment), { ...processClock, ...clock })
  const handler = createRequestTokenHandler(() => composition.requestToken)
  return {
    async requestToken(fields) {
      const { context, lines } = createInvocation('requesttoken')
      const startTime = process.hrtime.bigint()
      const { status, jsonBody } = (await handler(post(JSON.stringify(fields)), context)) as {
        status: number
        jsonBody: InstanceAnswer['json']
      }
      const tookInMs = Number(process.hrtime.bigint() - startTime) / 1e6
      return { status, json: jsonBody, line: lines.at(-1)?.[1] ?? {}, tookInMs }
    },
    async tick() {
      const { tick } = composition.refreshTokens
      await tick({ periodInMs: 60_000, timeLimitInMs: 240_000, correlationId: 'tick' })
    },
  }
}
