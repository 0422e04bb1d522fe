import { expect, test } from '@jest/globals'
import { allInvariants } from '../../simulate/invariants.ts'
import { checkHistory } from '../support/process-history.ts'
import { PLAY_SETTINGS, PLAY_TOKEN_LIFE_IN_MS, PLAY_USERS, playProcesses } from '../support/history-play.ts'

const SECONDS = Number(process.env['HISTORY_SECONDS'] ?? 30)
const SEED = Number(process.env['SEED'] ?? (process.env['HISTORY_SECONDS'] ? Date.now() % 100_000 : 1))

test(
  'four processes with faults and kills keep the promises that the simulation looks at',
  async () => {
    const { history, instanceOf, counts } = await playProcesses({ durationInMs: SECONDS * 1000, seed: SEED })
    if (process.env['HISTORY_SECONDS']) console.log(`seed ${SEED}, ${history.length} seen:`, counts)
    const violations = checkHistory(history, {
      invariants: allInvariants,
      settings: PLAY_SETTINGS,
      users: PLAY_USERS,
      tokenLifeInMs: PLAY_TOKEN_LIFE_IN_MS,
      instanceOf,
    })
    expect(violations).toEqual([])
    expect(counts).toMatchObject({ 'retrieved new token': expect.any(Number), rounds: expect.any(Number) })
  },
  (SECONDS + 240) * 1000,
)
