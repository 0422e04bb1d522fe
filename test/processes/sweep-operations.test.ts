import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startStorage, type Storage } from '../support/storage.ts'
import { operationsOfSweep } from '../support/sweep-operations.ts'

let storage: Storage
beforeAll(async () => {
  storage = await startStorage()
})
afterAll(() => storage.close())

test.each([100, 1000])(
  'a sweep asks the storage for what is due, not for what is stored: 100 due among %i',
  async (stored) => {
    expect(await operationsOfSweep(storage, { due: 100, stored })).toEqual({
      // One query a shard of the index, and each due entry once.
      GET: 16 + 100,
      // Its lease; the SDK sends a merge as a PATCH.
      PATCH: 100,
      // Its new tokens.
      PUT: 100,
      // Its new hint, and the end of the old one.
      POST: 100,
      DELETE: 100,
    })
  },
)
