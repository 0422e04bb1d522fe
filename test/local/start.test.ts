import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** A port with free ones above it, as likely as not. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Run {
  readonly child: ChildProcess
  readonly printed: () => string
  /** Resolves when the pattern has been printed. */
  readonly until: (pattern: RegExp) => Promise<void>
  /** Exit code or signal, once all output is read. */
  readonly ended: Promise<unknown>
}

function start(...flags: string[]): Run {
  const child = spawn(process.execPath, ['local/start.ts', '--folder', folder, ...flags])
  let printed = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  let awaited = /$^/
  const read = (chunk: Buffer): void => {
    printed += chunk.toString()
    if (awaited.test(printed)) resolve()
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => code ?? signal)
  return {
    child,
    printed: () => printed,
    until: (pattern) => {
      awaited = pattern
      read(Buffer.alloc(0))
      return Promise.race([promise, ended.then(() => Promise.reject(new Error(printed)))])
    },
    ended,
  }
}

const isRefused = async (port: number): Promise<boolean> =>
  await fetch(`http://127.0.0.1:${port}/health`).then(
    () => false,
    () => true,
  )

test('npm start serves the printed command line, frees its ports at Ctrl-C, and says which port is busy', async () => {
  const port = await freePort()
  const run = start('--port', String(port), '--emulator-ports', '0')
  await run.until(/Ctrl-C ends/)
  const command = /^ {2}(curl .*)$/m.exec(run.printed())?.[1] ?? ''
  const shell = spawn('sh', ['-c', command])
  const answer = (await shell.stdout.toArray()).join('')
  expect(JSON.parse(answer)).toMatchObject({
    accesstoken: expect.stringMatching(/^eyJ/),
    token_type: 'Bearer',
  })

  const second = start('--port', String(port), '--emulator-ports', '0')
  expect(await second.ended).toBe(1)
  expect(second.printed()).toMatch(new RegExp(`^Port ${port} is in use by another program\\. .*--port`))

  run.child.kill('SIGINT')
  expect([await run.ended, await isRefused(port)]).toEqual([0, true])
})

test('nothing outlives the parent, even when it is killed', async () => {
  const port = await freePort()
  const run = start('--port', String(port), '--emulator-ports', '0')
  await run.until(/Ctrl-C ends/)
  run.child.kill('SIGKILL')
  expect(await run.ended).toBe('SIGKILL')
  while (!(await isRefused(port))) await new Promise(setImmediate)
})
