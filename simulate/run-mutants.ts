import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importCore, SOURCE_FOLDER, type CoreModule } from './core-module.ts'
import { allInvariants } from './invariants.ts'
import type { Mutant } from './mutants.ts'
import { simulate } from './simulation.ts'

/** What became of a mutant: the invariant that it broke and after how long, or that it broke none. */
export interface Fate {
  readonly rule: string
  readonly killedBy: string | undefined
  readonly hours: number
}

/** Simulates the core with the mutant's change until a promise is broken, or so many hours have passed. */
export async function fateOf(mutant: Mutant, hours: number, firstSeed: number): Promise<Fate> {
  const folder = await mkdtemp(join(tmpdir(), 'mutant-'))
  try {
    const core = await importMutant(mutant, folder)
    const played = await simulate({ firstSeed, hours }, { core, invariants: allInvariants })
    return { rule: mutant.rule, killedBy: played.found?.violation.invariant, hours: played.hours }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A copy of the core beside a link to the dependencies. @throws {RangeError} when the change no longer fits the source. */
async function importMutant({ rule, file, from, to }: Mutant, folder: string): Promise<CoreModule> {
  const copy = join(folder, 'src')
  await cp(join(SOURCE_FOLDER, 'core'), join(copy, 'core'), { recursive: true })
  await cp(join(SOURCE_FOLDER, 'core-composition.ts'), join(copy, 'core-composition.ts'))
  await symlink(join(SOURCE_FOLDER, '..', 'node_modules'), join(folder, 'node_modules'), 'junction')
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const source = await readFile(join(copy, file), 'utf8')
  if (source.split(from).length !== 2) throw new RangeError(`${file}: the mutant "${rule}" fits no more`)
  await writeFile(
    join(copy, file),
    source.replace(from, () => to),
  )
  return importCore(copy)
}
