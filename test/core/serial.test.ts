import { expect, test } from '@jest/globals'
import { serial } from '../../src/core/serial.ts'

test('tasks of one key run one after the other, in their order, also after one that fails; other keys do not wait', async () => {
  const run = serial()
  const told: string[] = []
  const open: (() => void)[] = []
  const task =
    (name: string, fails = false) =>
    async () => {
      told.push(`${name} begins`)
      await new Promise<void>((resolve) => open.push(resolve))
      told.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    }
  const first = run('a', task('first', true))
  const second = run('a', task('second'))
  const other = run('b', task('other'))
  const turn = () => new Promise(setImmediate)
  await turn()
  expect(told).toEqual(['first begins', 'other begins'])
  open.shift()?.()
  await expect(first).rejects.toThrow('first')
  await turn()
  expect(told.slice(2)).toEqual(['first ends', 'second begins'])
  for (const resolve of open) resolve()
  expect(await Promise.all([second, other])).toEqual(['second', 'other'])
})
