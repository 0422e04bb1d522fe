import { HttpRequest } from '@azure/functions'

export const JSON_TYPE = { 'content-type': 'application/json' }

export const basicOf = (credentials: string | Uint8Array) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})

/** As without HTTP streaming: the host has read the body. */
export function post(
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  { method = 'POST', url = 'http://localhost/requesttoken' } = {},
): HttpRequest {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const hasBody = bytes.length > 0 && method !== 'GET'
  return new HttpRequest({ method, url, headers, ...(hasBody && { body: { bytes } }) })
}

/** As with HTTP streaming: the request is made of the stream that is on its way. */
export function postStream(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): HttpRequest {
  const nativeRequest = new Request('http://localhost/requesttoken', {
    method: 'POST',
    headers: { 'transfer-encoding': 'chunked', ...headers },
    body: ReadableStream.from(chunks),
    duplex: 'half',
  })
  return streamed(nativeRequest)
}

/** As the library makes it of a request that the host hands on through its proxy. */
export function streamed(nativeRequest: Request): HttpRequest {
  return new HttpRequest({ nativeRequest } as unknown as ConstructorParameters<typeof HttpRequest>[0])
}
