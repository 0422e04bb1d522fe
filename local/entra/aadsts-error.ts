import { randomUUID } from 'node:crypto'
import { aadstsCatalogue } from './aadsts-catalogue.ts'

/** Values of the request that Entra's descriptions quote. */
export interface AadstsDetails {
  readonly username?: string | undefined
  readonly tenant?: string | undefined
  readonly clientId?: string | undefined
  readonly resource?: string | undefined
  readonly parameter?: string | undefined
  /** Epoch milliseconds. */
  readonly issuedAt?: number | undefined
}

/** Thrown by a step of the token endpoint; the endpoint answers it. */
export class AadstsError extends Error {
  override readonly name = 'AadstsError'
  readonly code: number
  readonly details: AadstsDetails
  constructor(code: number, details: AadstsDetails = {}) {
    super(`AADSTS${code}`)
    this.code = code
    this.details = details
  }
}

export interface AadstsAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

const throttledForInSeconds = 10

/** A policy wants these claims in the next interactive request; Entra sends them as a JSON string. */
const conditionalAccessClaims =
  '{"access_token":{"capolids":{"essential":true,"values":["a2b1c0d9-9f6e-4f3c-8f5e-0c2f5b0f7d11"]}}}'

/** @throws {RangeError} for a code that the catalogue does not have. */
export function assertKnownAadstsCode(code: number): void {
  if (!aadstsCatalogue[code]) throw new RangeError(`The emulator does not know AADSTS${code}`)
}

/** The answer of Entra's token endpoint to an error: its status and its JSON, timestamps in UTC. */
export function answerOf(error: AadstsError, correlationId: string, now: number): AadstsAnswer {
  const { code, details } = error
  const entry = aadstsCatalogue[code]
  if (!entry) throw new RangeError(`The emulator does not know AADSTS${code}`)
  const values: Record<string, string | undefined> = {
    ...details,
    issuedAt: details.issuedAt === undefined ? undefined : new Date(details.issuedAt).toISOString(),
    now: new Date(now).toISOString(),
  }
  const text = entry.text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  const timestamp = new Date(now).toISOString().replace('T', ' ').replace(/\..*/, 'Z')
  const traceId = randomUUID()
  return {
    status: entry.status,
    headers: entry.status === 429 ? { 'Retry-After': String(throttledForInSeconds) } : {},
    body: {
      error: entry.error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      ...(entry.suberror && { suberror: entry.suberror }),
      ...(code === 53003 && { claims: conditionalAccessClaims }),
    },
  }
}
