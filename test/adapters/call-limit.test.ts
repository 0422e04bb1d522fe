import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadOrCreateCertificateAuthority } from '../../local/server/certificate-authority.ts'
import { startLoopbackServer, type LoopbackServer } from '../../local/server/loopback-server.ts'
import { createTokenEndpointTransport } from '../../src/adapters/msal/token-endpoint-transport.ts'
import { eventually } from '../support/eventually.ts'
import { trust } from '../support/trust.ts'

let folder: string
let server: LoopbackServer
let arrived = 0
let answer = Promise.withResolvers<void>()
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broker-test-'))
  const tls = await loadOrCreateCertificateAuthority(folder)
  trust(tls)
  server = await startLoopbackServer({
    tls,
    handle: async (_, __, response) => {
      arrived++
      await answer.promise
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    },
  })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const callsBy = (transport: ReturnType<typeof createTokenEndpointTransport>, count: number) =>
  Array.from({ length: count }, () =>
    transport(`https://localhost:${server.port}/token`, { method: 'POST', headers: {}, body: 'a=b' }),
  )

test('so many calls are under way at once, and the others get their turn', async () => {
  const calls = callsBy(createTokenEndpointTransport(60_000), 200)
  await eventually(() => arrived === 128)
  answer.resolve()
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(
    Array.from({ length: 200 }, () => 200),
  )
  expect(arrived).toBe(200)
})

test('who waits for his turn waits within the time of a call', async () => {
  arrived = 0
  answer = Promise.withResolvers()
  const outcomes = await Promise.allSettled(callsBy(createTokenEndpointTransport(500), 300))
  answer.resolve()
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 300 }, () => 'rejected'))
  expect(arrived).toBeLessThan(300)
})
