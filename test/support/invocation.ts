import { InvocationContext } from '@azure/functions'

export const INVOCATION_ID = '11111111-1111-4111-8111-111111111111'

/** The library's own context for one invocation, and every line that is logged through it, with its level. */
export function createInvocation(functionName: string) {
  const lines: [level: string, line: Record<string, unknown>][] = []
  const context = new InvocationContext({
    functionName,
    invocationId: INVOCATION_ID,
    logHandler: (level, ...args) =>
      void lines.push([level, JSON.parse(String(args[0])) as Record<string, unknown>]),
  })
  return { context, lines }
}
