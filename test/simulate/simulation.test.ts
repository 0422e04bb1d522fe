import { beforeAll, expect, test } from '@jest/globals'
import { importCore, SOURCE_FOLDER, type CoreModule } from '../../simulate/core-module.ts'
import { allInvariants } from '../../simulate/invariants.ts'
import { MUTANTS } from '../../simulate/mutants.ts'
import { fateOf } from '../../simulate/run-mutants.ts'
import { scenarioOf } from '../../simulate/scenario.ts'
import { simulate } from '../../simulate/simulation.ts'
import { play } from '../../simulate/world.ts'

let core: CoreModule
beforeAll(async () => {
  core = await importCore(SOURCE_FOLDER)
})

test('no promise is broken in 1,000 simulated hours', async () => {
  const { found, hours } = await simulate({ firstSeed: 1, hours: 1000 }, { core, invariants: allInvariants })
  expect(found).toBeUndefined()
  expect(hours).toBe(1000)
})

test('a seed replays exactly, and another one does not', async () => {
  const hashOf = async (seed: number) =>
    (await play(scenarioOf(seed, 10), { core, invariants: allInvariants })).hash
  expect(await hashOf(7)).toBe(await hashOf(7))
  expect(await hashOf(7)).not.toBe(await hashOf(8))
})

test.each([
  ['memory asks for the password', 'retiredAtOnceHere'],
  ['one refresh at a time', 'oneRefreshAtATime'],
  ['a refreshed cache is stored', 'noRotatedTokenLost'],
  ['the hint goes before the entry', 'hintBeforeEntry'],
  ['another account that signs in changes nothing', 'wrongAccountChangesNothing'],
  ['no part of a secret goes to Entra ID as a password', 'noSecretToEntra'],
])('a core without the rule "%s" is found out', async (rule, invariant) => {
  const [mutant] = MUTANTS.filter((each) => each.rule === rule)
  if (!mutant) throw new Error('no such rule')
  expect(await fateOf(mutant, 25, 1)).toMatchObject({ killedBy: invariant })
})

test('every mutant fits the source as it is', async () => {
  // An hour of each would take minutes: none at all still makes the copy, and looks for what is to be replaced.
  for (const mutant of MUTANTS) expect(await fateOf(mutant, 0, 1)).toMatchObject({ hours: 0 })
})
