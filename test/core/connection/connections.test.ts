import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Core } from '../../../src/core-composition.ts'
import type { ConnectionWish } from '../../../src/core/connection/connections.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const HOUR = 3_600_000
const WISH: ConnectionWish = { name: 'crm-sync', client: 'crm', grant: 'client_credentials' }
const VIEW = {
  name: 'crm-sync',
  id: 'connection 1',
  state: 'connected',
  grant: 'client_credentials',
  client: 'crm',
  createdOnTimestamp: NOW,
  connectedOnTimestamp: NOW,
  lastUsedTimestamp: NOW,
  expiresOnTimestamp: NOW + HOUR,
  failures: 0,
}

let stage: CoreStage
let core: Core
beforeEach(() => {
  stage = createCoreStage()
  stage.profileOf = async (name) => ({
    ...PROFILE,
    name,
    grants: ['client_credentials', 'authorization_code'],
  })
  core = stage.instance()
})

const make = (fields: Partial<ConnectionWish> = {}) => core.connections.make({ ...WISH, ...fields }, 'id')
const secretOf = async (fields: Partial<ConnectionWish> = {}) => (await make(fields)).secret ?? ''
const ask = (password: string, instance = core) =>
  stage.ask(instance, { username: 'crm-sync', password, client: undefined })

describe('making one', () => {
  test('proves it first, and tells the secret this once', async () => {
    const { view, secret } = await make()
    expect(view).toEqual(VIEW)
    expect(secret).toMatch(/^etb_[\w-]{49}$/)
    expect(stage.asked).toEqual(['client_credentials'])
    expect(await core.connections.get('crm-sync')).toEqual(VIEW)
    expect(JSON.stringify([await stage.connections.read('crm-sync'), view])).not.toContain(secret)
  })

  test('again changes nothing and tells no secret', async () => {
    await make({ username: 'svc@contoso.example' })
    const again = await make({ username: 'SVC@contoso.example' })
    expect(again.secret).toBeUndefined()
    expect(again.view).toMatchObject({ id: 'connection 1', username: 'svc@contoso.example' })
    expect(stage.asked).toEqual(['client_credentials'])
  })

  test('again with another owner changes the owner', async () => {
    const secret = await secretOf({ owner: 'ann' })
    expect((await make({ owner: 'ben' })).view.owner).toBe('ben')
    expect((await make()).view.owner).toBe('ben')
    expect(await ask(secret)).toBe('token 1, returned existing token, store')
  })

  test.each([
    ['client', { client: 'other' }],
    ['grant', { grant: 'authorization_code' as const, username: 'a@b.example' }],
    ['account', { username: 'a@b.example' }],
  ])('of the same name with another %s is a conflict', async (_, fields) => {
    await make()
    await expect(make(fields)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('is refused when the first token is, and leaves nothing', async () => {
    stage.faults.client_credentials = refusalOf({
      category: 'misconfigured',
      scope: 'profile',
      judgement: 'not_judged',
      aadsts: 7000215,
    })
    await expect(make()).rejects.toMatchObject({ code: 'misconfigured', details: { aadsts: 7000215 } })
    await expect(core.connections.get('crm-sync')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('needs a profile that allows it', async () => {
    stage.profileOf = async (name) => ({ ...PROFILE, name, grants: ['authorization_code'] })
    await expect(make()).rejects.toMatchObject({
      code: 'invalid_request',
      details: {
        description: 'The client profile crm does not allow connections with client_credentials.',
        remedy: 'Add "grants": ["client_credentials"] to the JSON of the secret client-crm.',
      },
    })
    expect(stage.asked).toEqual([])
  })

  test('with a person needs to know who', async () => {
    await expect(make({ grant: 'authorization_code' })).rejects.toMatchObject({
      code: 'invalid_request',
      details: { description: 'username is missing.' },
    })
  })

  test('with a person is pending until somebody signs in, and says where', async () => {
    const secret = await secretOf({
      grant: 'authorization_code',
      username: 'svc@contoso.example',
      owner: 'the CRM team',
    })
    expect(await core.connections.get('crm-sync')).toMatchObject({
      state: 'pending',
      link: 'https://broker.example/connect/connection 1',
    })
    expect(await ask(secret)).toBe('interaction_required: not connected')
    const request = { username: 'crm-sync', password: secret, minValidInMs: 0, correlationId: 'id' }
    await expect(core.tokenSource(request)).rejects.toMatchObject({
      details: {
        description: 'The connection crm-sync is not connected yet.',
        remedy:
          'Connect it by signing in (the CRM team, svc@contoso.example): at https://broker.example/connect/connection 1. The secret in the flow stays the same.',
        connection: 'crm-sync',
        entryKey: 'connection 1',
      },
    })
    expect(stage.asked).toEqual([])
  })
})

describe('making one of the same name twice at once', () => {
  /** Somebody else's is written before this one's. */
  async function overtaken(wish: Partial<ConnectionWish>, other: Partial<ConnectionWish>) {
    stage.beforeAnswer = async () => {
      stage.beforeAnswer = async () => {}
      await stage.instance().connections.make({ ...WISH, ...other }, 'id')
    }
    return make(wish)
  }
  const links = (key: string) => stage.connections.nameOf(key)

  test('by the same wish, the later one is told of the first, without a secret', async () => {
    const { view, secret } = await overtaken({}, {})
    expect([view.id, secret]).toEqual(['connection 2', undefined])
  })

  test('by another wish, the later one is a conflict', async () => {
    await expect(overtaken({}, { username: 'a@b.example' })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('leaves nothing of the later one', async () => {
    const linked: string[] = []
    const store = { ...stage.connections }
    stage.connections.link = (key, name) => (linked.push(key), store.link(key, name))
    await overtaken({}, {})
    expect(await stage.table.read('connection 1')).toBeUndefined()
    expect(await stage.table.read('connection 2')).toBeDefined()
    expect(await Promise.all(linked.map(links))).toEqual(['crm-sync', undefined])
  })
})

describe('another secret', () => {
  test('for a connection that is none leaves no row behind', async () => {
    const linked: string[] = []
    stage.connections.link = async (key) => void linked.push(key)
    await expect(core.connections.changeSecret('no-such', 0)).rejects.toMatchObject({ code: 'not_found' })
    expect(linked).toEqual([])
  })

  test('holds at once, and the one before for the overlap, to the millisecond', async () => {
    const before = await secretOf()
    const { secret, view } = await core.connections.changeSecret('crm-sync', HOUR / 2)
    expect(view.overlapEndsTimestamp).toBe(NOW + HOUR / 2)
    expect(await ask(secret, stage.instance())).toBe('token 1, returned existing token, store')
    stage.pass(HOUR / 2 - 1)
    expect(await ask(before, stage.instance())).toBe('token 1, returned existing token, store')
    stage.pass(1)
    expect(await ask(before, stage.instance())).toBe('invalid_credentials: connection secret')
    expect(await ask(secret, stage.instance())).toBe('token 1, returned existing token, store')
  })

  test('does not make two flows push each other out of memory', async () => {
    const before = await secretOf()
    const { secret } = await core.connections.changeSecret('crm-sync', HOUR)
    await ask(before)
    await ask(secret)
    stage.forgetHistory()
    for (let n = 0; n < 10; n++) {
      expect(await ask(before)).toBe('token 1, returned existing token, memory')
      expect(await ask(secret)).toBe('token 1, returned existing token, memory')
    }
    expect([stage.asked, stage.operations]).toEqual([[], []])
  })

  test('without an overlap ends the one before here at once, in memory, too', async () => {
    const before = await secretOf()
    await ask(before)
    const { secret } = await core.connections.changeSecret('crm-sync', 0)
    expect(await ask(before)).toBe('invalid_credentials: connection secret')
    expect(await ask(secret)).toBe('token 1, returned existing token, store')
  })

  test('of two changes within the overlap the first secret is the one that goes', async () => {
    const first = await secretOf()
    const second = (await core.connections.changeSecret('crm-sync', HOUR)).secret
    const third = (await core.connections.changeSecret('crm-sync', HOUR)).secret
    expect(await ask(first)).toBe('invalid_credentials: connection secret')
    expect(await ask(second)).toBe('token 1, returned existing token, store')
    expect(await ask(third)).toBe('token 1, returned existing token, store')
  })

  test('of many at once all are made, one after the other; the last two hold', async () => {
    await make()
    const changes = Array.from({ length: 12 }, () => core.connections.changeSecret('crm-sync', HOUR))
    const held: string[] = []
    for (const { secret } of await Promise.all(changes)) held.push(await ask(secret))
    expect(held).toEqual([
      ...Array.from({ length: 10 }, () => 'invalid_credentials: connection secret'),
      'token 1, returned existing token, store',
      'token 1, returned existing token, store',
    ])
  })

  test('keeps the one before also when the answer to the write was lost, and the write met itself', async () => {
    const before = await secretOf()
    const store = { ...stage.connections }
    let isLost = true
    stage.connections.write = async (...args) => {
      const etag = await store.write(...args)
      const answer = isLost ? undefined : etag
      isLost = false
      return answer
    }
    const { secret } = await core.connections.changeSecret('crm-sync', HOUR)
    expect(await ask(before)).toBe('token 1, returned existing token, store')
    expect(await ask(secret)).toBe('token 1, returned existing token, store')
  })

  test('is written although another instance writes in between, and not for ever', async () => {
    await make()
    const store = { ...stage.connections }
    let conflicts = 3
    stage.connections.write = async (...args) => (conflicts-- > 0 ? undefined : store.write(...args))
    const { secret } = await core.connections.changeSecret('crm-sync', 0)
    expect(await ask(secret)).toBe('token 1, returned existing token, store')
    conflicts = 4
    const linked: string[] = []
    stage.connections.link = (key, name) => (linked.push(key), store.link(key, name))
    await expect(core.connections.changeSecret('crm-sync', 0)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    })
    // What never held leads nowhere.
    expect(await Promise.all(linked.map((key) => store.nameOf(key)))).toEqual([undefined])
  })
})

describe('deleting one', () => {
  test('takes its tokens and its secrets with it', async () => {
    const secret = await secretOf()
    await ask(secret)
    await core.connections.remove('crm-sync')
    expect(await ask(secret)).toBe('invalid_credentials: connection secret')
    expect(await stage.table.read('connection 1')).toBeUndefined()
    await expect(core.connections.get('crm-sync')).rejects.toMatchObject({ code: 'not_found' })
    await expect(core.connections.remove('crm-sync')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('and making it anew finds nothing of the old one', async () => {
    const old = await secretOf()
    await core.connections.remove('crm-sync')
    const secret = await secretOf()
    expect(await ask(old)).toBe('invalid_credentials: connection secret')
    expect(await ask(secret)).toBe('token 2, returned existing token, store')
  })

  test('can be done again when its tokens could not be removed', async () => {
    await make()
    stage.storeFault = async (operation, apply) =>
      operation === 'remove' ? Promise.reject(new Error('down')) : apply()
    await expect(core.connections.remove('crm-sync')).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    })
    stage.storeFault = undefined
    await core.connections.remove('crm-sync')
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })

  test('takes along what was acquired while it was being deleted', async () => {
    const secret = await secretOf()
    const store = { ...stage.connections }
    stage.connections.remove = async (...args) => {
      await ask(secret, stage.instance())
      return store.remove(...args)
    }
    await core.connections.remove('crm-sync')
    expect(stage.asked).toEqual(['client_credentials', 'client_credentials'])
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })

  test.each([
    ['that no key opens any more frees its name', { mayOpenLater: false }],
    ['that another key may open later is to be tried again', { mayOpenLater: true }],
  ])('%s', async (_, { mayOpenLater }) => {
    await make()
    const store = { ...stage.connections }
    stage.connections.read = async (name) => {
      const stored = await store.read(name)
      return stored && { ...stored, connection: undefined, mayOpenLater }
    }
    const removed = core.connections.remove('crm-sync')
    if (mayOpenLater) await expect(removed).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    else await removed
    expect((await store.read('crm-sync')) === undefined).toBe(!mayOpenLater)
  })

  test('is not undone by a refresh that is under way', async () => {
    const secret = await secretOf()
    stage.pass(55 * 60_000)
    stage.beforeAnswer = () => core.connections.remove('crm-sync')
    await ask(secret)
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })

  test('is not undone by a first token that is under way', async () => {
    const secret = await secretOf()
    await stage.table.remove('connection 1', (await stage.table.read('connection 1'))?.etag ?? '')
    stage.beforeAnswer = () => core.connections.remove('crm-sync')
    expect(await ask(secret)).toBe('token 2, retrieved new token, identity_provider')
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })

  test('ends the secret here at once, also for the request that is under way', async () => {
    const secret = await secretOf()
    stage.pass(55 * 60_000)
    stage.beforeAnswer = () => core.connections.remove('crm-sync')
    expect(await ask(secret)).toBe('token 2, retrieved new token to replace expired token, identity_provider')
    expect(await ask(secret)).toBe('invalid_credentials: connection secret')
  })

  test('can be done again when its tokens could not be removed', async () => {
    await make()
    stage.storeFault = () => Promise.reject(new Error('down'))
    await expect(core.connections.remove('crm-sync')).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    })
    stage.storeFault = undefined
    await core.connections.remove('crm-sync')
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })

  test('is not undone by what another instance could not store', async () => {
    const secret = await secretOf()
    const other = stage.instance()
    stage.pass(55 * 60_000)
    stage.storeFault = (operation, apply) =>
      operation === 'write' ? Promise.reject(new Error('down')) : apply()
    expect(await ask(secret, other)).toBe(
      'token 2, retrieved new token to replace expired token, identity_provider, token_not_stored (Error)',
    )
    stage.storeFault = undefined
    await core.connections.remove('crm-sync')
    await other.tick({ periodInMs: 60_000, timeLimitInMs: 240_000, correlationId: 'id' })
    expect(await stage.table.read('connection 1')).toBeUndefined()
  })
})

test('all are listed, page by page; one that does not open is left out', async () => {
  for (const name of ['a', 'b', 'c']) await make({ name })
  const store = { ...stage.connections }
  const first = await core.connections.list(2)
  expect(first.connections.map(({ name }) => name)).toEqual(['a', 'b'])
  expect((await core.connections.list(2, first.next)).connections.map(({ name }) => name)).toEqual(['c'])
  stage.connections.list = async (...args) => {
    const page = await store.list(...args)
    return { ...page, connections: page.connections.map((one) => ({ ...one, connection: undefined })) }
  }
  expect(await core.connections.list(2)).toMatchObject({ connections: [] })
})

test('neither the master key’s other acts nor another profile’s end reach the tokens of a connection', async () => {
  const secret = await secretOf()
  expect(await core.operators.forgetClient('crm')).toBe(0)
  expect(await ask(secret)).toBe('token 1, returned existing token, store')
})
