import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Core } from '../../../src/core-composition.ts'
import type { ConnectionWish } from '../../../src/core/connection/connections.ts'
import { createConnectionSecret } from '../../../src/crypto/connection-secret.ts'
import { createKeyedDigest } from '../../../src/crypto/keyed-digest.ts'
import { createCoreStage, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const WISH: ConnectionWish = {
  name: 'crm-sync',
  client: 'crm',
  grant: 'client_credentials',
  username: 'Svc@Contoso.example',
  owner: 'the CRM team',
}
const PASSING = refusalOf({
  category: 'temporarily_unavailable',
  scope: 'account',
  judgement: 'unknown',
  detail: 'down',
})
const REFUSED = 'invalid_credentials: connection secret'

let stage: CoreStage
let core: Core
let secret: string

beforeEach(async () => {
  stage = createCoreStage()
  stage.profileOf = async (name) => ({
    ...PROFILE,
    name,
    grants: ['client_credentials', 'authorization_code'],
  })
  core = stage.instance()
  secret = (await core.connections.make(WISH, 'id')).secret ?? ''
  stage.forgetHistory()
})

const ask = (fields: object = {}, instance = core) =>
  stage.ask(instance, { username: 'crm-sync', password: secret, client: undefined, ...fields })

describe('a connection of an application', () => {
  test('has its first token when it is made, and gives it to every instance', async () => {
    expect(await ask()).toBe('token 1, returned existing token, store')
    expect(await ask()).toBe('token 1, returned existing token, memory')
    expect(await ask({}, stage.instance())).toBe('token 1, returned existing token, store')
    expect(stage.asked).toEqual([])
  })

  test.each([
    ['its own name, in whatever case', 'CRM-Sync'],
    ['the account that the flow held before, in whatever case', 'svc@contoso.EXAMPLE'],
  ])('is called by %s', async (_, username) => {
    expect(await ask({ username })).toBe('token 1, returned existing token, store')
  })

  test.each([
    ['another account', 'other@contoso.example'],
    ['another connection', 'crm-other'],
    ['nothing that it knows', 'unknown'],
  ])('is not called by %s', async (_, username) => {
    expect(await ask({ username })).toBe(REFUSED)
    expect(stage.asked).toEqual([])
  })

  test('without an account may be called by any, but by no other connection', async () => {
    const { username: _, ...wish } = { ...WISH, name: 'no-account' }
    const password = (await core.connections.make(wish, 'id')).secret
    expect(await ask({ username: 'anybody@contoso.example', password })).toBe(
      'token 2, returned existing token, store',
    )
    expect(await ask({ username: 'crm-sync', password })).toBe(REFUSED)
  })

  test('serves its own client profile alone', async () => {
    expect(await ask({ client: 'crm' })).toBe('token 1, returned existing token, store')
    expect(await ask({ client: 'default' })).toBe('invalid_request')
    expect(stage.asked).toEqual([])
  })

  test('gives nothing when its profile does not allow it any more', async () => {
    stage.profileOf = async (name) => ({ ...PROFILE, name, grants: ['authorization_code'] })
    expect(await ask()).toBe('policy_blocked')
    expect(stage.asked).toEqual([])
  })
})

describe('a secret that is not right', () => {
  const looks: string[] = []
  beforeEach(() => {
    looks.length = 0
    const store = { ...stage.connections }
    Object.assign(stage.connections, {
      nameOf: (key: string) => (looks.push('nameOf'), store.nameOf(key)),
      read: (key: string) => (looks.push('read'), store.read(key)),
    })
  })

  test.each([
    ['one letter changed', () => secret.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), []],
    ['its end lost', () => secret.slice(0, -1), []],
    ['its beginning alone', () => 'etb_', []],
    ['capitalized by a program', () => `ETB_${secret.slice(4)}`, []],
    ['whole, and of nobody', () => createConnectionSecret(), ['nameOf']],
  ])('%s: it is refused, and Entra ID is not asked', async (_, passwordOf, expected) => {
    expect(await ask({ password: passwordOf() })).toBe(REFUSED)
    expect(looks).toEqual(expected)
    expect(stage.asked).toEqual([])
    expect(stage.operations).toEqual([])
  })

  test('in the place of the user name it is refused, too', async () => {
    expect(await ask({ username: secret, password: 'the password' })).toBe(REFUSED)
    expect(stage.asked).toEqual([])
  })

  test('does not count against anybody: a hundred of them, and the right one is served', async () => {
    for (let n = 0; n < 100; n++) await ask({ password: createConnectionSecret(), caller: 'the flow' })
    expect(await ask({ caller: 'the flow' })).toBe('token 1, returned existing token, store')
  })

  test('a link that somebody forged leads nowhere', async () => {
    const forged = createConnectionSecret()
    await stage.connections.link(createKeyedDigest(new Uint8Array(32))('secret', forged), 'crm-sync')
    expect(await ask({ password: forged })).toBe(REFUSED)
    expect(looks).toEqual(['nameOf', 'read'])
  })
})

describe('a token of an application', () => {
  test('that is due is asked for again, once for all instances', async () => {
    stage.pass(50 * MINUTE)
    expect(await ask()).toBe('token 2, retrieved new token to replace expired token, identity_provider')
    expect(await ask({}, stage.instance())).toBe('token 2, returned existing token, store')
    expect(stage.asked).toEqual(['client_credentials'])
  })

  test('one millisecond before is served as it is', async () => {
    stage.pass(50 * MINUTE - 1)
    expect(await ask()).toBe('token 1, returned existing token, store')
  })

  test('that has expired is asked for again, however long ago', async () => {
    stage.pass(400 * 24 * HOUR)
    expect(await ask()).toBe('token 2, retrieved new token to replace expired token, identity_provider')
  })

  test('that is due is served while Entra ID fails, until it ends', async () => {
    stage.faults.client_credentials = PASSING
    stage.pass(60 * MINUTE - 1)
    expect(await ask()).toBe('token 1, returned existing token, store, identity_provider_unavailable (down)')
    stage.pass(1)
    expect(await ask()).toMatch(/^temporarily_unavailable/)
  })

  test('of other scopes is not served: another one is asked for', async () => {
    stage.profileOf = async (name) => ({
      ...PROFILE,
      name,
      grants: ['client_credentials'],
      fingerprint: 'other scopes',
    })
    expect(await ask()).toBe('token 2, retrieved new token to replace expired token, identity_provider')
    expect(await ask({}, stage.instance())).toBe('token 2, returned existing token, store')
  })

  test('of another client is replaced', async () => {
    stage.profileOf = async (name) => ({
      ...PROFILE,
      name,
      grants: ['client_credentials'],
      fingerprint: 'f2',
      clientFingerprint: 'another client',
    })
    expect(await ask()).toBe('token 2, retrieved new token, identity_provider')
    expect(await ask({}, stage.instance())).toBe('token 2, returned existing token, store')
  })

  test('that was lost is asked for again', async () => {
    const stored = await stage.table.read('connection 1')
    await stage.table.remove('connection 1', stored?.etag ?? '')
    expect(await ask()).toBe('token 2, retrieved new token, identity_provider')
  })

  test.each([
    [
      'does not open',
      async (apply: () => Promise<unknown>) => ({ ...((await apply()) as object), entry: undefined }),
    ],
    [
      'is a user’s',
      async (apply: () => Promise<unknown>) => ({
        ...((await apply()) as object),
        entry: { renewal: 'password' },
      }),
    ],
    ['cannot be read', () => Promise.reject(new Error('down'))],
  ])('that %s is no miss, and nobody overwrites it', async (_, onRead) => {
    stage.storeFault = (operation, apply) => (operation === 'read' ? onRead(apply) : apply())
    expect(await ask()).toMatch(/^temporarily_unavailable/)
    expect(stage.asked).toEqual([])
    expect(stage.operations).toEqual(['read'])
  })

  test('is waited for while another instance gets it', async () => {
    stage.pass(55 * MINUTE)
    const other = stage.instance()
    stage.beforeAnswer = async () => {
      stage.beforeAnswer = async () => {}
      const waiting = ask({}, other)
      stage.onDelay = async () => {}
      waitingFor = waiting
    }
    let waitingFor: Promise<string> | undefined
    expect(await ask()).toBe('token 2, retrieved new token to replace expired token, identity_provider')
    expect(await waitingFor).toBe('token 2, returned existing token, store')
    expect(stage.asked).toEqual(['client_credentials'])
  })

  test('is noted as used, so that the timer renews it', async () => {
    stage.pass(HOUR + 1)
    await ask()
    stage.pass(30 * MINUTE)
    expect((await stage.table.read('connection 1'))?.lastUsedTimestamp).toBe(1_764_000_000_000 + HOUR + 1)
  })
})

test('a definition that does not open is 503, and so is a table that cannot be read', async () => {
  const store = { ...stage.connections }
  stage.connections.read = async (name) => {
    const stored = await store.read(name)
    return stored && { ...stored, connection: undefined }
  }
  expect(await ask()).toBe('temporarily_unavailable: connection crm-sync does not open')
  stage.connections.nameOf = () => Promise.reject(new Error('down'))
  expect(await ask()).toBe('temporarily_unavailable: Error')
  expect(stage.asked).toEqual([])
})
