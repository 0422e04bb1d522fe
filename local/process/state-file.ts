import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export interface StateFile<T> {
  readonly state: T
  /** Writes the state, whole or not at all. Nothing to do without a file. */
  readonly save: () => void
}

/** The state that an emulator keeps over a restart, as JSON readable by its owner alone. `initial` when there is no file yet. */
export function openStateFile<T>(file: string | undefined, initial: () => T): StateFile<T> {
  if (file === undefined) return { state: initial(), save: () => {} }
  const read = (): T | undefined => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as T
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new Error(`${file} cannot be read; delete it to start afresh`, { cause: error })
    }
  }
  const state = read() ?? initial()
  return {
    state,
    save: () => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, JSON.stringify(state, null, 2), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}
