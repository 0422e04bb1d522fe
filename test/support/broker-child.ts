import { setClock } from './settable-clock.ts'
import '../../local/functions-host/functions-core-resolution.ts'
import '../../local/server/loopback-names.ts'
import { startFunctionsHost } from '../../local/functions-host/functions-host.ts'
import { createInstance, type Instance, type InstanceAnswer } from './instance.ts'

/** The broker in a process of its own, which does what its parent says, at the time that its parent says, and ends with it. */
export type Command =
  | { readonly kind: 'clock'; readonly now: number }
  /** One run of the timer. */
  | { readonly kind: 'tick' }
  /** Works on the queue until it is empty. */
  | { readonly kind: 'drain' }
  /** So many brokers that know nothing yet are asked for all of a round at once, one round after the other. */
  | { readonly kind: 'ask new'; readonly count: number; readonly rounds: Rounds }

export type Rounds = readonly (readonly object[])[]

export interface Reply {
  /** Of the command; 0 when the process is ready. */
  readonly id: number
  readonly url?: string
  /** Of each broker, by round. */
  readonly answers?: readonly (readonly (readonly InstanceAnswer[])[])[]
  readonly error?: string
}

const host = await startFunctionsHost({ entry: () => import('../../src/index.ts'), timers: false })

async function answersOf(instance: Instance, rounds: Rounds): Promise<InstanceAnswer[][]> {
  const answers: InstanceAnswer[][] = []
  for (const round of rounds) {
    answers.push(await Promise.all(round.map((fields) => instance.requestToken(fields))))
  }
  return answers
}

async function obey(command: Command): Promise<Reply['answers']> {
  let answers: Reply['answers']
  switch (command.kind) {
    case 'clock':
      setClock(command.now)
      break
    case 'tick':
      await host.invokeTimer('refreshtokens')
      break
    case 'drain':
      await host.drainQueue('refreshchunk')
      break
    case 'ask new': {
      const instances = Array.from({ length: command.count }, () => createInstance(process.env))
      answers = await Promise.all(instances.map((each) => answersOf(each, command.rounds)))
    }
  }
  return answers
}

const reply = (message: Reply): void => void process.send?.(message)

process.once('disconnect', () => process.exit(0))
process.on('message', ({ id, command }: { id: number; command: Command }) => {
  obey(command).then(
    (answers) => reply({ id, ...(answers && { answers }) }),
    (error: unknown) => reply({ id, error: String(error) }),
  )
})
// Only now is the port known; the app reads its settings at the first call.
process.env['PUBLIC_URL'] ??= host.url
reply({ id: 0, url: host.url })
