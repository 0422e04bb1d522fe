import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { minimalEnvironment } from '../../local/process/child-process.ts'

const settings = {
  REFRESH_SCHEDULE: '0 * * * * *',
  DataStorage__queueServiceUri: 'http://127.0.0.1:1/devstoreaccount1',
}
const taken = createServer()
let port = 0

beforeAll(async () => {
  taken.listen(0, '127.0.0.1')
  await once(taken, 'listening')
  port = (taken.address() as AddressInfo).port
})

afterAll(() => {
  taken.close()
})

/** Forks the broker and waits for its end: a process that something keeps alive never gets there. */
async function endOf(environment: Readonly<Record<string, string>>) {
  const child = fork(fileURLToPath(new URL('../../local/process/broker.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...minimalEnvironment(process.env), ...environment },
  })
  const reports: unknown[] = []
  child.on('message', (report) => reports.push(report))
  const stderr = child.stderr?.toArray()
  const [code] = (await once(child, 'close')) as [number]
  return { code, reports, stderr: Buffer.concat((await stderr) as Buffer[]).toString() }
}

test('a busy port ends the process, and the parent is told which', async () => {
  expect(await endOf({ ...settings, PORT: String(port) })).toEqual({
    code: 1,
    reports: [{ kind: 'port', port, code: 'EADDRINUSE' }],
    stderr: '',
  })
})

test.each(['REFRESH_SCHEDULE', 'DataStorage__queueServiceUri'])(
  'a missing %s ends the process and is named',
  async (name) => {
    const { code, stderr } = await endOf({ ...settings, [name]: '', PORT: '0' })
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the app setting ${name} is missing`)])
  },
)
