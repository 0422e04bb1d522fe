import { PassThrough } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { readClientProfile, type ProfileInputParts } from '../../infra/hooks/profile-input.ts'

const SECRET = 'cl13nt-s3cret'
const noProblems = () => []

/** Answers each question of a terminal; every byte that it shows is kept. */
function terminalOf(answers: readonly string[]) {
  const input = new PassThrough()
  const output = new PassThrough()
  const remaining = [...answers]
  let shown = ''
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    const answer = chunk.toString().endsWith(': ') ? remaining.shift() : undefined
    if (answer !== undefined) setImmediate(() => input.write(`${answer}\n`))
  })
  return { terminal: { input, output }, shown: () => shown }
}

function read(parts: Partial<ProfileInputParts>) {
  const said: string[] = []
  const profile = readClientProfile({
    environment: {},
    check: noProblems,
    say: (line) => said.push(line),
    ...parts,
  })
  return { profile, said }
}

describe('a client profile', () => {
  test('is asked for at a terminal, which does not show the secret', async () => {
    const { terminal, shown } = terminalOf(['contoso.com', 'client-1', 'https://graph.microsoft.com', SECRET])
    const { profile } = read({ terminal })
    expect(JSON.parse((await profile) ?? '')).toEqual({
      tenantId: 'contoso.com',
      clientId: 'client-1',
      resource: 'https://graph.microsoft.com',
      clientSecret: SECRET,
    })
    expect(shown()).toContain('client-1')
    expect(shown()).not.toContain(SECRET)
  })

  test('of a public client has no secret', async () => {
    const { terminal } = terminalOf(['contoso.com', 'client-1', 'api://x', ''])
    expect(await read({ terminal }).profile).not.toContain('clientSecret')
  })

  test('is asked for again when it will not do', async () => {
    const { terminal } = terminalOf(['common', 'c', 'api://x', '', 'contoso.com', 'c', 'api://x', ''])
    const check = (profile: unknown) =>
      JSON.stringify(profile).includes('common') ? ['tenantId must be one tenant'] : []
    const { profile, said } = read({ terminal, check })
    expect(await profile).toContain('contoso.com')
    expect(said).toContain('That will not do: tenantId must be one tenant. Once more.')
  })

  test('can wait: an empty first answer ends the questions', async () => {
    const { terminal } = terminalOf([''])
    expect(await read({ terminal }).profile).toBeUndefined()
  })

  test('comes from the environment when that has one', async () => {
    const environment = { CLIENT_PROFILE: ` { "clientId": "c", "clientSecret": "${SECRET}" } ` }
    expect(await read({ environment }).profile).toBe(`{"clientId":"c","clientSecret":"${SECRET}"}`)
  })

  test.each([
    ['is not JSON', `{ ${SECRET}`, noProblems, 'CLIENT_PROFILE: is not JSON'],
    [
      'breaks a rule',
      `{"clientId":"${SECRET}"}`,
      () => ['tenantId is missing'],
      'CLIENT_PROFILE: tenantId is missing',
    ],
  ])('that %s is refused by field, without its value', async (_, text, check, message) => {
    const { profile } = read({ environment: { CLIENT_PROFILE: text }, check })
    const error: unknown = await profile.catch((thrown: unknown) => thrown)
    expect(error).toEqual(new Error(message))
    expect(String(error)).not.toContain(SECRET)
  })

  test('is left for later when nobody sits there, and that is said', async () => {
    const { profile, said } = read({})
    expect(await profile).toBeUndefined()
    expect(said).toEqual([
      'No client profile: set CLIENT_PROFILE_FILE to a JSON file, or run this again at a terminal.',
    ])
  })
})
