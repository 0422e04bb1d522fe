import { expect, test } from '@jest/globals'
import { BrokerError } from '../../src/core/broker-error.ts'
import { createReadiness } from '../../src/core/readiness.ts'

const works = async () => {}
const failsWith = (error: Error) => async (): Promise<never> => {
  throw error
}

test.each<[string, () => Promise<unknown>, boolean, string, string[]]>([
  ['that works', works, true, 'ok', []],
  [
    'that is down',
    failsWith(new BrokerError('temporarily_unavailable', { logDetail: 'RestError 503' })),
    false,
    'unavailable',
    ['tables: RestError 503'],
  ],
  [
    'that is misconfigured',
    failsWith(new BrokerError('misconfigured', { logDetail: 'client-default: tenantId' })),
    false,
    'misconfigured',
    ['tables: client-default: tenantId'],
  ],
  [
    'that fails without a word for the log',
    failsWith(new BrokerError('misconfigured')),
    false,
    'misconfigured',
    [],
  ],
  [
    'that fails as nobody foresaw, without its message',
    failsWith(Object.assign(new Error('may hold anything'), { statusCode: 403, code: 'Denied' })),
    false,
    'unavailable',
    ['tables: Error 403 Denied'],
  ],
])('a dependency %s', async (_, check, isReady, word, details) => {
  const readiness = createReadiness(
    { queue: works, tables: check },
    () => ['a known problem'],
    () => 0,
  )
  expect(await readiness()).toEqual({
    isReady,
    checks: { queue: 'ok', tables: word },
    details,
    problems: ['a known problem'],
  })
})

test('all dependencies are asked at once', async () => {
  const asked: string[] = []
  const never = (name: string) => () => {
    asked.push(name)
    return new Promise<never>(() => {})
  }
  void createReadiness(
    { a: never('a'), b: never('b') },
    () => [],
    () => 0,
  )()
  await new Promise(setImmediate)
  expect(asked).toEqual(['a', 'b'])
})

test('what was found is kept for 15 s, whatever it was', async () => {
  let elapsed = 0
  let asked = 0
  let isUp = false
  const check = async () => {
    asked++
    if (!isUp) throw new Error('down')
  }
  const readiness = createReadiness(
    { tables: check },
    () => [],
    () => elapsed,
  )
  const lookAt = async (time: number) => {
    elapsed = time
    return [(await readiness()).isReady, asked]
  }
  expect(await lookAt(0)).toEqual([false, 1])
  isUp = true
  expect(await lookAt(14_999)).toEqual([false, 1])
  expect(await lookAt(15_000)).toEqual([true, 2])
  isUp = false
  expect(await lookAt(29_999)).toEqual([true, 2])
  expect(await lookAt(30_000)).toEqual([false, 3])
})

test('who asks while the dependencies are being asked shares the answer', async () => {
  let asked = 0
  const readiness = createReadiness(
    { tables: async () => void asked++ },
    () => [],
    () => 0,
  )
  const all = await Promise.all([readiness(), readiness(), readiness()])
  expect([asked, new Set(all).size]).toEqual([1, 1])
})
