import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from './start-error.ts'

/** The folder in which the emulators keep what they hold, for this process alone until `close`. */
export interface LocalFolder {
  /** Deletes what is kept. @returns a sentence about it. */
  readonly reset: () => string
  readonly close: () => Promise<void>
}

/** Nothing else is ever deleted: the folder may be anyone's. */
const kept = ['azurite', 'azurite-host', 'entra.json', 'key-vault.json', 'tls']

/** @throws {StartError} when a process that runs has it, or when it cannot be written to. */
export function openLocalFolder(folder: string): LocalFolder {
  const lockFile = join(folder, 'lock')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    takeLock(folder, lockFile)
  } catch (cause) {
    if (cause instanceof StartError) throw cause
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new StartError(`${folder} cannot be used (${code}). Name another with --folder.`, { cause })
  }
  return {
    reset: () => {
      const found = kept.filter((name) => existsSync(join(folder, name)))
      for (const name of found) rmSync(join(folder, name), { recursive: true, force: true })
      return found.length > 0
        ? `Deleted in ${folder}: ${found.join(', ')}.`
        : `Nothing was kept in ${folder}.`
    },
    close: async () => {
      if (holderOf(lockFile) === process.pid) rmSync(lockFile, { force: true })
    },
  }
}

/** The lock holds its owner's process id from the moment it exists: it is written elsewhere and linked. */
function takeLock(folder: string, lockFile: string): void {
  const ownFile = `${lockFile}.${process.pid}`
  writeFileSync(ownFile, String(process.pid), { mode: 0o600 })
  try {
    while (!link(ownFile, lockFile)) {
      const holder = holderOf(lockFile)
      if (holder !== undefined && isRunning(holder)) throw inUse(folder, lockFile, holder)
      // Its owner was killed.
      rmSync(lockFile, { force: true })
    }
  } finally {
    rmSync(ownFile, { force: true })
  }
}

const inUse = (folder: string, lockFile: string, holder: number): StartError =>
  new StartError(
    `${folder} is in use by process ${holder}. Stop that, or start beside it with --port and --folder, such as --port 7072 --folder .local/second. (If that process is another program: delete ${lockFile}.)`,
  )

/** @returns false when the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function holderOf(lockFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(lockFile, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs, but for another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
