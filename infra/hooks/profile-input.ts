import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { profileJsonOf } from '../../src/adapters/key-vault/profile-json.ts'

/** @returns what is wrong with a profile, by field and never by value; empty when nothing is. */
export type ProfileCheck = (profile: unknown) => readonly string[]

export interface ProfileInputParts {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly check: ProfileCheck
  readonly say: (line: string) => void
  /** Absent when nobody sits at the terminal. */
  readonly terminal?:
    { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream } | undefined
}

/**
 * The JSON of a client profile: from the file `CLIENT_PROFILE_FILE`, else from the variable `CLIENT_PROFILE`, else asked
 * for at the terminal; undefined when there is none of them.
 *
 * @throws {Error} when the file or the variable holds no valid profile.
 */
export async function readClientProfile(parts: ProfileInputParts): Promise<string | undefined> {
  const { environment, check, say, terminal } = parts
  const file = environment['CLIENT_PROFILE_FILE']
  if (file) return checked('CLIENT_PROFILE_FILE', await readFile(file, 'utf8'), check)
  const text = environment['CLIENT_PROFILE']
  if (text) return checked('CLIENT_PROFILE', text, check)
  if (!terminal) {
    say('No client profile: set CLIENT_PROFILE_FILE to a JSON file, or run this again at a terminal.')
    return undefined
  }
  return asked({ check, say, terminal })
}

function checked(source: string, text: string, check: ProfileCheck): string {
  const json = profileJsonOf(text)
  const problems = 'problem' in json ? [json.problem] : check(json.value)
  if (problems.length > 0) throw new Error(`${source}: ${problems.join('; ')}`)
  return JSON.stringify('value' in json ? json.value : undefined)
}

async function asked({
  check,
  say,
  terminal,
}: Required<Omit<ProfileInputParts, 'environment'>>): Promise<string | undefined> {
  if (!terminal) return undefined
  const screen = createMutedOutput(terminal.output)
  const lines = createInterface({ input: terminal.input, output: screen.output, terminal: true })
  try {
    say('The first client profile: the app registration under which tokens are acquired.')
    for (;;) {
      const tenantId = (await lines.question('Tenant id or verified domain (empty: later): ')).trim()
      if (tenantId === '') return undefined
      const clientId = (await lines.question('Client id of the app registration: ')).trim()
      const resource = (await lines.question('Resource, e.g. https://graph.microsoft.com: ')).trim()
      terminal.output.write('Client secret, not shown (empty: a public client): ')
      const clientSecret = (await screen.muted(() => lines.question(''))).trim()
      terminal.output.write('\n')
      const profile = { tenantId, clientId, resource, ...(clientSecret && { clientSecret }) }
      const problems = check(profile)
      if (problems.length === 0) return JSON.stringify(profile)
      say(`That will not do: ${problems.join('; ')}. Once more.`)
    }
  } finally {
    lines.close()
  }
}

function createMutedOutput(target: NodeJS.WritableStream) {
  let isMuted = false
  const output = new Writable({
    write(chunk, _, done) {
      if (!isMuted) target.write(chunk as Buffer)
      done()
    },
  })
  return {
    output,
    async muted<T>(task: () => Promise<T>): Promise<T> {
      isMuted = true
      try {
        return await task()
      } finally {
        isMuted = false
      }
    },
  }
}
