import dns from 'node:dns'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

test('names below localhost resolve to the loopback address in every form of lookup, and others as before', async () => {
  const original = await promisify(dns.lookup)('127.0.0.1')
  await import('../../local/server/loopback-names.ts')
  const lookup = promisify(dns.lookup)
  expect(await lookup('vault.localhost')).toEqual({ address: '127.0.0.1', family: 4 })
  expect(await lookup('VAULT.LocalHost.', { family: 4 })).toEqual({ address: '127.0.0.1', family: 4 })
  expect(await lookup('vault.localhost', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }])
  expect(await lookup('127.0.0.1')).toEqual(original)
  await expect(lookup('localhost.invalid')).rejects.toMatchObject({ syscall: 'getaddrinfo' })
})
