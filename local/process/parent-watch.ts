import { readFileSync } from 'node:fs'

/** How late the end of a parent may be noticed. The system tells nobody of it. */
const intervalInMs = 250

/** On Linux: who started the process `pid`, and whether that is a shell. */
function processOf(pid: number): { readonly parent: number; readonly isShell: boolean } | undefined {
  try {
    const [, name = '', parent = ''] =
      /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return { parent: Number(parent), isShell: /^(ba|da|a|z|k)?sh$/.test(name) }
  } catch {
    return undefined
  }
}

/**
 * Who must live for this process to go on: its parent, and npm behind it. npm runs a script in a shell, which on Linux may stay
 * between the two, and outlives npm. (Elsewhere it gives way to the script.)
 */
function guardiansOf(environment: NodeJS.ProcessEnv): string {
  const { ppid } = process
  const between = environment['npm_lifecycle_event'] === undefined ? undefined : processOf(ppid)
  return between?.isShell ? `${ppid} ${between.parent}` : String(ppid)
}

/** Resolves when whoever started this process is gone, however it ended: then nobody can stop this one in good order. */
export function parentGone(): Promise<void> {
  const guardians = guardiansOf(process.env)
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (guardiansOf(process.env) === guardians) return
      clearInterval(timer)
      resolve()
    }, intervalInMs).unref()
  })
}
