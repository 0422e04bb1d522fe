import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ZodType } from 'zod'
import { StartError } from './start-error.ts'

export interface StateFile<T> {
  readonly state: T
  /** Writes the state, whole or not at all. Nothing to do without a file. */
  readonly save: () => void
}

/**
 * The state that an emulator keeps over a restart, as JSON readable by its owner alone. `initial` when there is no file yet.
 *
 * @throws {StartError} when the file does not hold such a state.
 */
export function openStateFile<T>(
  file: string | undefined,
  schema: ZodType<T>,
  initial: () => T,
): StateFile<T> {
  if (file === undefined) return { state: initial(), save: () => {} }
  const state = read(file, schema) ?? initial()
  return {
    state,
    save: () => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}

function read<T>(file: string, schema: ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StartError(`${file} is broken. Delete it, or start afresh with --reset.`, { cause })
  }
}
