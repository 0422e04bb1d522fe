import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const inherited = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'SystemRoot', 'USERPROFILE', 'APPDATA']

/** What any program needs, and none of the developer's own variables (proxies, NODE_OPTIONS, Azure credentials). */
export function minimalEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

const graceInMs = 5000

/** Closes the channel to a child that ends when that happens; kills it if it has not ended after 5 s. */
export async function endChildProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), graceInMs)
  if (child.connected) child.disconnect()
  await ended
  clearTimeout(timer)
}
