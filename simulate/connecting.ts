import { cutOf, UNMADE } from './connection-secret.ts'
import type { Operation, OperationAnswer } from './happening.ts'
import type { Instance } from './instance.ts'
import { usernameOf, type SignedInAs, type Stimulus } from './stimulus.ts'
import type { World } from './world.ts'
import type { SignInCode } from './entra.ts'
import type { Core } from '../src/core-composition.ts'

type Of<Kind extends Stimulus['kind']> = Extract<Stimulus, { kind: Kind }>
type Living = (slot: number) => { readonly instance: Instance; readonly core: Core } | undefined

/** Administrators, people who sign in, and flows that have a secret: who does with connections what the scenario says. */
export interface Connecting {
  readonly operate: (asked: Of<'connect' | 'secret' | 'disconnect'>) => Promise<void>
  readonly signIn: (asked: Of<'sign_in'>) => Promise<void>
  readonly ask: (asked: Of<'ask'>) => Promise<void>
}

/** @param count counts what happened, for the summary. */
export function createConnecting(world: World, livingAt: Living, count: (what: string) => void): Connecting {
  const { queue, history, observe } = world
  const { time } = queue
  /** What administrators were given, by the connection's name. */
  const given = new Map<string, { readonly secret: string; readonly at: number }[]>()
  let requests = 0

  async function operated(
    core: Core,
    asked: Of<'connect' | 'secret' | 'disconnect'>,
  ): Promise<OperationAnswer> {
    const { connections } = core
    const { connection: name } = asked
    if (asked.kind === 'connect') {
      const { client, grant, username } = asked
      const { view, secret } = await connections.make({ name, client, grant, username }, '')
      return { id: view.id, secret }
    }
    if (asked.kind === 'secret') {
      const { view, secret } = await connections.changeSecret(name, asked.overlapInMs)
      return { id: view.id, secret }
    }
    await connections.remove(name)
    return {}
  }

  return {
    async operate(asked) {
      const living = livingAt(asked.slot)
      if (!living) return
      const { instance, core } = living
      const { at: _, slot: __, ...about } = asked
      const operation: Operation = { ...about, instance: instance.name, startTimestamp: time() }
      observe({ kind: 'operated', operation })
      const answer = await operated(core, asked).catch((error: unknown) => ({ error }))
      if (!instance.isAlive) return
      const { secret, error } = answer as OperationAnswer
      const known = given.get(asked.connection) ?? []
      if (secret !== undefined) given.set(asked.connection, [...known, { secret, at: time() }])
      const text = error === undefined ? 'done' : codeOf(error)
      count(`connections, ${asked.kind}: ${text}`)
      history.note(`${instance.name} ${asked.kind} ${asked.connection}: ${text} ${JSON.stringify(answer)}`)
      observe({ kind: 'operation_answer', operation, answer })
    },

    async signIn({ slot, answerSlot, connection, user, as, takesInMs }) {
      const begun = livingAt(slot)
      // The address is no secret, and lasts.
      const { id } = world.storage.connections.rowOf(connection)?.connection ?? {}
      if (!begun || id === undefined) return
      const startTimestamp = time()
      const page = await begun.core.signIns.begin(id).catch(() => undefined)
      if (!page) return
      const { searchParams } = new URL(page.url)
      const [nonce = '', state = ''] = ['nonce', 'state'].map((name) => searchParams.get(name) ?? '')
      const who = identityOf(user, as)
      const code: SignInCode = { ...who, nonce, connection: id }
      queue.after(takesInMs, () => void answer())

      async function answer(): Promise<void> {
        const living = livingAt(answerSlot)
        if (!living || id === undefined || !page) return
        const answeredTimestamp = time()
        const response = { state, code: JSON.stringify(code) }
        const { outcome } = await living.core.signIns.finish(page.sealedAttempt, response, '')
        if (!living.instance.isAlive) return
        count(`connections, sign-in: ${outcome.kind}`)
        history.note(`${living.instance.name} signs ${connection} in as ${who.user}: ${outcome.kind} (${id})`)
        observe({ kind: 'signed_in', id, user: who.user, startTimestamp, answeredTimestamp, outcome })
      }
    },

    async ask({ slot, connection, sent, secretOf, lagInMs, calledBy, client, minValidInMs }) {
      const living = livingAt(slot)
      const known = given.get(secretOf)?.findLast(({ at }) => at <= time() - lagInMs)
      if (!living || !known) return
      const { instance } = living
      const { secret } = known
      const correlationId = `ask ${(requests += 1)}`
      const password = passwordOf[sent](secret)
      const username = sent === 'as_user_name' ? secret : calledBy
      const name = `${instance.name} is asked for ${connection} by ${username} ${password}`
      history.note(name)
      observe({ kind: 'secret_sent', correlationId, secret: password })
      const about = {
        instance: instance.name,
        correlationId,
        secret: password,
        sent,
        calledBy: username,
        client,
        minValidInMs,
        startTimestamp: time(),
      }
      const request = { username, password, client, minValidInMs, correlationId }
      const result = await living.core.tokenSource(request).then(
        (brokered) => ({ brokered }),
        (error: unknown) => ({ error }),
      )
      if (!instance.isAlive) return
      const text = 'brokered' in result ? `token, ${result.brokered.source}` : codeOf(result.error)
      count(`connections, ${text}`)
      history.note(`${name}, answers ${text} ${'brokered' in result ? result.brokered.token.value : ''}`)
      observe({
        kind: 'secret_answer',
        answer: { ...about, ...result, instanceTimestamp: instance.now() },
      })
    },
  }
}

/** What is sent as the password by whoever has the secret. */
const passwordOf: Readonly<Record<Of<'ask'>['sent'], (secret: string) => string>> = {
  latest: (secret) => secret,
  unmade: () => UNMADE,
  cut: cutOf,
  capital: (secret) => secret.toUpperCase(),
  as_user_name: () => 'a password',
}

function identityOf(user: string, as: SignedInAs): Pick<SignInCode, 'user' | 'username'> {
  if (as === 'other') return { user: `${user}-other`, username: usernameOf(`${user}-other`) }
  if (as === 'renamed') return { user, username: usernameOf(`${user}-renamed`) }
  if (as === 'recreated') return { user: `${user}-recreated`, username: usernameOf(user) }
  return { user, username: usernameOf(user) }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error)
}
