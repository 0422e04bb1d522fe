import { expect, test } from '@jest/globals'
import { createAddHint } from '../../../src/core/entry/entry-hint.ts'
import { createMemoryDueIndex } from '../../support/memory-due-index.ts'

const TOKEN = { value: 't', acquiredOnTimestamp: 1_000_000, expiresOnTimestamp: 4_600_000 }

function createStage(token: typeof TOKEN | undefined) {
  const dueIndex = createMemoryDueIndex()
  const addHint = createAddHint({ dueIndex, cachedTokenOf: () => token, refreshThresholdInMs: 600_000 })
  return { dueIndex, addHint }
}

test('an entry is due the threshold before the end of its token', async () => {
  const { dueIndex, addHint } = createStage(TOKEN)
  await addHint('k', '{}')
  expect(await dueIndex.dueBefore(Infinity)).toEqual([{ entryKey: 'k', dueTimestamp: 4_000_000 }])
})

test('a cache without a token is due at no time, and may be written all the same', async () => {
  const { dueIndex, addHint } = createStage(undefined)
  await addHint('k', '{}')
  expect(await dueIndex.dueBefore(Infinity)).toEqual([])
})
