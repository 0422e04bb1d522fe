import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'

let folder: string
const runs: Run[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'start-test-'))
})

afterEach(async () => {
  for (const { child, ended } of runs.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
  await eventually(() => !existsSync(join(folder, 'lock')) || isStale(join(folder, 'lock')))
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** Whether the process that took the lock is gone. */
function isStale(lockFile: string): boolean {
  try {
    process.kill(Number(readFileSync(lockFile, 'utf8')), 0)
    return false
  } catch {
    return true
  }
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
  const run = started(spawn(process.execPath, ['local/start.ts', '--folder', folder, ...flags]))
  runs.push(run)
  return run
}

function started(child: ChildProcessWithoutNullStreams): Run {
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

/** On ports that nobody else has. */
const FREE = ['--port', '0', '--emulator-ports', '0']
const READY = /Ctrl-C ends/
const urlOf = (run: Run) => /listens on (\S+)\. /.exec(run.printed())?.[1] ?? ''

test('npm start serves every printed command line, and frees its port at Ctrl-C', async () => {
  const run = start(...FREE)
  await run.until(READY)
  const commands = [...run.printed().matchAll(/^ {2}.*?(curl -s .*)$/gm)].map(([, command = '']) => command)
  const answers: unknown[] = []
  for (const command of commands) {
    const shell = spawn('sh', ['-c', command])
    const { error, action, status, state } = JSON.parse((await shell.stdout.toArray()).join('')) as Record<
      string,
      unknown
    >
    answers.push(error ?? action ?? status ?? state)
  }
  expect(answers).toEqual([
    'retrieved new token',
    'invalid_credentials',
    'interaction_required',
    'pending',
    'retrieved new token',
    'returned existing token',
    'ready',
  ])
  const port = Number(new URL(urlOf(run)).port)
  run.child.kill('SIGINT')
  expect([await run.ended, await isRefused(port)]).toEqual([0, true])
  expect(existsSync(join(folder, 'lock'))).toBe(false)
})

test('log lines are for people, and with --json as they are', async () => {
  const ask = async (run: Run) => {
    const body = JSON.stringify({ username: 'expired@contoso.example', password: 'Correct-Horse-Battery-1' })
    await fetch(`${urlOf(run)}/requesttoken`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
  }
  const readable = start(...FREE)
  await readable.until(READY)
  await ask(readable)
  await readable.until(
    /^\d\d:\d\d:\d\d {2}token request {2}403 {2}password_change_required {2}client=default {2}aadsts=50055 .* \d+ ms {2}id=[0-9a-f]{8}$/m,
  )
  readable.child.kill('SIGINT')
  expect(await readable.ended).toBe(0)
  const raw = start(...FREE, '--json')
  await raw.until(READY)
  await ask(raw)
  await raw.until(/^\{"event":"token_request","client":"default",.*"aadsts":50055/m)
})

test('a second start in the same folder is one line with the cure, and so is a busy port', async () => {
  const run = start(...FREE)
  await run.until(READY)
  const same = start(...FREE)
  expect([await same.ended, same.printed()]).toEqual([
    1,
    expect.stringMatching(
      /^\S+ is in use by process \d+\. Stop that, or start beside it with --port and --folder, .*\n$/,
    ),
  ])
  const port = new URL(urlOf(run)).port
  const other = start('--folder', join(folder, 'second'), '--port', port, '--emulator-ports', '0')
  expect([await other.ended, other.printed()]).toEqual([
    1,
    `Port ${port} is in use by another program. Choose another with npm start -- --port 7072; the emulators move along, or by --emulator-ports.\n`,
  ])
})

test('a lock of a process that is gone is taken over', async () => {
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'close')
  await writeFile(join(folder, 'lock'), String(gone.pid))
  const run = start(...FREE)
  await run.until(READY)
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(0)
})

describe('what cannot start says so in one line', () => {
  test.each([
    [
      'an unknown option',
      ['--prot', '7080'],
      2,
      /^Unknown option '--prot'\. npm start -- --help lists the options\.\n$/,
    ],
    [
      'a port that is no number',
      ['--port', 'abc'],
      2,
      /^--port must be a number from 0 to 65535, not "abc"\. .*\n$/,
    ],
    [
      'a port out of range',
      ['--emulator-ports', '65530'],
      2,
      /^--emulator-ports must be a number from 0 to 65526, .*\n$/,
    ],
    ['a word', ['7080'], 2, /^Unexpected argument '7080'\. .*\n$/],
    [
      'a folder that is a file',
      ['--folder', 'README.md'],
      1,
      /^README\.md cannot be used \(E\w+\)\. Name another with --folder\.\n$/,
    ],
  ])('%s', async (_, flags, code, message) => {
    const run = started(spawn(process.execPath, ['local/start.ts', ...flags]))
    expect([await run.ended, run.printed()]).toEqual([code, expect.stringMatching(message)])
  })

  test.each([
    ['key-vault.json', /^\S+key-vault\.json is broken\. Delete it, or start afresh with --reset\.\n$/],
    ['entra.json', /^\S+entra\.json is broken\. Delete it, or start afresh with --reset\.\n$/],
    [
      'tls/ca.pem',
      /^The certificates in \S+tls are broken\. Delete that folder, or start afresh with --reset\.\n$/,
    ],
  ])('a broken %s', async (file, message) => {
    await mkdir(join(folder, 'tls'))
    for (const name of ['ca.pem', 'server.pem', 'server-key.pem']) {
      if (file.startsWith('tls')) await writeFile(join(folder, 'tls', name), '{ broken')
    }
    await writeFile(join(folder, file), '{ broken')
    const run = start(...FREE)
    expect([await run.ended, run.printed()]).toEqual([1, expect.stringMatching(message)])
  })
})

test('--reset deletes what is kept, says so, and starts afresh', async () => {
  await writeFile(join(folder, 'entra.json'), '{ broken')
  await writeFile(join(folder, 'mine.txt'), 'not ours')
  const run = start(...FREE, '--reset')
  await run.until(READY)
  expect(run.printed()).toMatch(/^Deleted in \S+: entra\.json\.$/m)
  expect(await readFile(join(folder, 'mine.txt'), 'utf8')).toBe('not ours')
})

test('--help lists the options, and exits with 0', async () => {
  const run = start('--help')
  expect([await run.ended, run.printed()]).toEqual([
    0,
    expect.stringMatching(/^npm start -- \[options\]\n.*\n\n( {2}--.*\n){6}$/),
  ])
})

test('certificates end with a line end, and nothing of Azurite is nested twice', async () => {
  const run = start(...FREE)
  await run.until(READY)
  expect((await readFile(join(folder, 'tls/ca.pem'), 'utf8')).endsWith('-----END CERTIFICATE-----\n')).toBe(
    true,
  )
  expect((await readdir(folder)).toSorted()).toEqual([
    'azurite',
    'entra.json',
    'key-vault.json',
    'lock',
    'tls',
  ])
  expect(await readdir(join(folder, 'azurite'))).not.toContain('azurite')
})

test.each(['SIGKILL', 'SIGTERM'] as const)('nothing outlives a parent that ends by %s', async (signal) => {
  const run = start(...FREE)
  await run.until(READY)
  const port = Number(new URL(urlOf(run)).port)
  run.child.kill(signal)
  await run.ended
  while (!(await isRefused(port))) await new Promise(setImmediate)
})

test('nothing outlives npm, however it ends', async () => {
  const npm = spawn(
    'npm',
    ['run', '--silent', 'emulators', '--', '--folder', folder, '--emulator-ports', '0'],
    { detached: true },
  )
  const run = started(npm)
  await run.until(READY)
  const holder = Number(await readFile(join(folder, 'lock'), 'utf8'))
  npm.kill('SIGKILL')
  await eventually(() => isGone(holder))
})

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
