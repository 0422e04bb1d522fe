import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendJson } from './json-response.ts'

/** What an emulator does instead of its work, for every request, until it is taken back. */
export type Fault =
  /** `body` is sent as JSON; without one, what the service itself would say, or nothing. */
  | {
      readonly kind: 'status'
      readonly status: number
      readonly retryAfterInSeconds?: number
      readonly body?: unknown
    }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Drops the connection without an answer. */
  | { readonly kind: 'reset' }
  /** A page, as a proxy or a gateway on the way would send. */
  | { readonly kind: 'html'; readonly status: number }
  /** An error of the Queue service. */
  | { readonly kind: 'queue-error'; readonly status: number; readonly code: string }
  /** The body `{}`. */
  | { readonly kind: 'empty-json'; readonly status: number }
  /** 200 and 16 MiB of well-formed JSON. */
  | { readonly kind: 'oversize' }
  /** Works as usual, but not before `until` resolves: for tests of what happens meanwhile. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }

const oversizeInBytes = 16 * 1024 * 1024

/** @returns whether the request still has to be answered. */
export async function applyFault(
  fault: Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  defaultBody?: unknown,
): Promise<boolean> {
  switch (fault?.kind) {
    case undefined:
      return true
    case 'hold':
      await fault.until
      return true
    case 'status': {
      const retryAfter = fault.retryAfterInSeconds
      if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter))
      const body = fault.body ?? defaultBody
      if (body === undefined) response.writeHead(fault.status).end()
      else sendJson(response, fault.status, body)
      break
    }
    case 'hang':
      break
    case 'reset':
      request.socket.destroy()
      break
    case 'html':
      response.writeHead(fault.status, { 'Content-Type': 'text/html' })
      response.end('<!DOCTYPE html><title>Our services are not available right now</title>')
      break
    case 'queue-error':
      response.writeHead(fault.status, { 'Content-Type': 'application/xml', 'x-ms-error-code': fault.code })
      response.end(
        `<?xml version="1.0" encoding="utf-8"?><Error><Code>${fault.code}</Code><Message>No.</Message></Error>`,
      )
      break
    case 'empty-json':
      sendJson(response, fault.status, {})
      break
    case 'oversize':
      sendJson(response, 200, { padding: 'x'.repeat(oversizeInBytes) })
      break
  }
  return false
}
