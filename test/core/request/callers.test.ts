import { expect, test } from '@jest/globals'
import { createCallers } from '../../../src/core/request/callers.ts'

function createStage() {
  let time = 0
  const callers = createCallers(() => time)
  return {
    pass: (timeInMs: number) => void (time += timeInMs),
    note: (from: number, to: number, isAccepted: boolean, caller = 'flow') => {
      for (let user = from; user < to; user++) callers.note(caller, `user${user}`, isAccepted)
    },
    isStopped: (caller: string | undefined = 'flow') => {
      try {
        callers.check(caller)
        return false
      } catch (error) {
        expect(error).toMatchObject({
          code: 'too_many_requests',
          details: { retryAfterInMs: 60_000, logDetail: 'caller_refused_too_often' },
        })
        return true
      }
    },
  }
}

test('twenty users refused within ten minutes stop a caller, nineteen do not', () => {
  const stage = createStage()
  stage.note(0, 19, false)
  expect(stage.isStopped()).toBe(false)
  stage.note(19, 20, false)
  expect(stage.isStopped()).toBe(true)
  expect(stage.isStopped('another flow')).toBe(false)
})

test('the same user refused a hundred times is one user', () => {
  const stage = createStage()
  for (let n = 0; n < 100; n++) stage.note(0, 1, false)
  expect(stage.isStopped()).toBe(false)
})

test('who has as many users accepted as refused goes on, one fewer does not', () => {
  const stage = createStage()
  stage.note(0, 25, false)
  stage.note(100, 124, true)
  expect(stage.isStopped()).toBe(true)
  stage.note(124, 125, true)
  expect(stage.isStopped()).toBe(false)
})

test('what is ten minutes old does not count', () => {
  const stage = createStage()
  stage.note(0, 20, false)
  stage.pass(599_999)
  expect(stage.isStopped()).toBe(true)
  stage.pass(1)
  expect(stage.isStopped()).toBe(false)
})

test('a request without a caller is never judged', () => {
  const callers = createCallers(() => 0)
  for (let user = 0; user < 100; user++) callers.note(undefined, `user${user}`, false)
  expect(() => callers.check(undefined)).not.toThrow()
})
