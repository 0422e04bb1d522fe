import { expect, test } from '@jest/globals'
import { singleFlight } from '../../src/core/single-flight.ts'

test('callers of one key share one run, callers of another do not', async () => {
  const flight = singleFlight<number>()
  let runs = 0
  const task = async () => ++runs
  expect(await Promise.all([flight('a', task), flight('a', task), flight('b', task)])).toEqual([1, 1, 2])
  expect(await flight('a', task)).toBe(3)
})

test('callers share a failure, and the next one tries again', async () => {
  const flight = singleFlight<number>()
  const failing = () => {
    throw new Error('no')
  }
  const results = await Promise.allSettled([flight('a', failing), flight('a', async () => 1)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await flight('a', async () => 2)).toBe(2)
})
