import { expect, jest, test } from '@jest/globals'
import { withinTime } from '../src/time-limit.ts'

class TooLateError extends Error {}
const never = new Promise<never>(() => {})

test('work that ends in time is handed on, and no timer stays', async () => {
  jest.useFakeTimers()
  expect(await withinTime(Promise.resolve('done'), 1000, () => new TooLateError())).toBe('done')
  await expect(
    withinTime(Promise.reject(new RangeError('own')), 1000, () => new TooLateError()),
  ).rejects.toThrow(new RangeError('own'))
  expect(jest.getTimerCount()).toBe(0)
  jest.useRealTimers()
})

test('work that does not end is given up when the time is up, and not before', async () => {
  jest.useFakeTimers()
  const outcome = withinTime(never, 1000, () => new TooLateError()).catch((error: unknown) => error)
  await jest.advanceTimersByTimeAsync(999)
  expect(await Promise.race([outcome, Promise.resolve('waiting')])).toBe('waiting')
  await jest.advanceTimersByTimeAsync(1)
  expect(await outcome).toBeInstanceOf(TooLateError)
  jest.useRealTimers()
})

test('a failure after the time is up ends no process', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  const { promise: work, reject } = Promise.withResolvers<never>()
  await expect(withinTime(work, 1, () => new TooLateError())).rejects.toBeInstanceOf(TooLateError)
  reject(new Error('late'))
  // Node.js tells of unhandled rejections when the microtasks are done.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})
