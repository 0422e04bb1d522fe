import { beforeEach, describe, expect, test } from '@jest/globals'
import type { Core } from '../../../src/core-composition.ts'
import { createCoreStage, NOW, type CoreStage } from '../../support/core-stage.ts'
import { PROFILE, refusalOf } from '../../support/memory-core.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const ACCOUNT = 'Svc@contoso.example'
const ID = 'connection 1'
const LINK = `https://broker.example/connect/${ID}`

let stage: CoreStage
let core: Core
let secret: string
beforeEach(async () => {
  stage = createCoreStage()
  stage.profileOf = async (name) => ({ ...PROFILE, name, grants: ['authorization_code'] })
  core = stage.instance()
  const wish = { name: 'crm-sync', client: 'crm', grant: 'authorization_code' as const, username: ACCOUNT }
  secret = (await core.connections.make(wish, 'id')).secret ?? ''
  stage.forgetHistory()
})

const ask = (instance = core) =>
  stage.ask(instance, { username: 'crm-sync', password: secret, client: undefined })
const stateOf = async () => (await core.connections.get('crm-sync')).state

/** A sign-in as the account, but for the fields that are given. */
async function signIn(
  fields: { username?: string; objectId?: string; code?: undefined; state?: string; aadsts?: number } = {},
  instance = core,
) {
  const { sealedAttempt } = await core.signIns.begin(ID)
  const { state } = JSON.parse(sealedAttempt.slice('sealed '.length)) as { state: string }
  const number = Number(state.split(' ')[1])
  const code = JSON.stringify({
    username: ACCOUNT.toLowerCase(),
    objectId: 'oid',
    number,
    ...fields,
  })
  const response = {
    state: fields.state ?? state,
    ...('code' in fields ? {} : { code }),
    aadsts: fields.aadsts,
  }
  return instance.signIns.finish(sealedAttempt, response, 'id')
}
const CONNECTED = { id: ID, name: 'crm-sync', outcome: { kind: 'connected' } }
const outcome = (kind: string, fields: object = {}) => ({
  id: ID,
  name: 'crm-sync',
  outcome: { kind, ...fields },
})

describe('a sign-in', () => {
  test('is proved by one refresh before anything is stored; any instance may take the answer', async () => {
    expect(await signIn({}, stage.instance())).toEqual(CONNECTED)
    expect(stage.asked).toEqual(['authorization_code', 'refresh_token'])
    expect(await ask()).toBe('token 2, returned existing token, store')
    expect(await stateOf()).toBe('connected')
  })

  test.each([
    ['code', 'authorization_code' as const],
    ['refresh token', 'refresh_token' as const],
  ])('whose %s is refused stores nothing, and names the code', async (_, grant) => {
    stage.faults[grant] = refusalOf({ category: 'policy_blocked', aadsts: 53003 })
    expect(await signIn()).toEqual(outcome('refused', { aadsts: 53003 }))
    expect(await stage.table.read(ID)).toBeUndefined()
  })

  test.each([
    [
      'Entra ID does not answer',
      () => (stage.faults.authorization_code = refusalOf({ category: 'temporarily_unavailable' })),
    ],
    ['the table cannot be read', () => (stage.connections.nameOf = () => Promise.reject(new Error('down')))],
  ])('while %s is to be tried again', async (_, break_) => {
    const { sealedAttempt } = await core.signIns.begin(ID)
    break_()
    const { state } = JSON.parse(sealedAttempt.slice('sealed '.length)) as { state: string }
    const { outcome: came } = await core.signIns.finish(sealedAttempt, { state, code: '{"number":1}' }, 'id')
    expect(came).toEqual({ kind: 'unavailable' })
  })

  test('that cannot be stored is not called connected', async () => {
    stage.storeFault = async (operation, apply) =>
      operation === 'write' ? Promise.reject(new Error('down')) : apply()
    expect(await signIn()).toEqual(outcome('not_stored'))
  })

  test('for a connection that is deleted meanwhile leaves nothing', async () => {
    stage.beforeAnswer = async () => {
      if (stage.asked.at(-1) === 'refresh_token') await core.connections.remove('crm-sync')
    }
    expect(await signIn()).toEqual(outcome('expired'))
    expect(await stage.table.read(ID)).toBeUndefined()
  })

  test('overwrites an entry that does not open: a person wants it so', async () => {
    await signIn()
    stage.storeFault = async (operation, apply) => {
      const result = await apply()
      return operation === 'read' ? { ...(result as object), entry: undefined } : result
    }
    expect(await signIn()).toEqual(CONNECTED)
    stage.storeFault = undefined
    expect(await ask(stage.instance())).toBe('token 4, returned existing token, store')
  })

  test('is for an attempt of this broker, with its state, within a quarter of an hour', async () => {
    expect(await signIn({ state: 'another' })).toEqual({ outcome: { kind: 'expired' } })
    expect(await core.signIns.finish(undefined, { state: 's', code: 'c' }, 'id')).toEqual({
      outcome: { kind: 'expired' },
    })
    expect(await core.signIns.finish('forged', { state: 's', code: 'c' }, 'id')).toEqual({
      outcome: { kind: 'expired' },
    })
    const { sealedAttempt } = await core.signIns.begin(ID)
    stage.pass(15 * MINUTE)
    expect(await core.signIns.finish(sealedAttempt, { state: 'state 2', code: 'c' }, 'id')).toEqual({
      outcome: { kind: 'expired' },
    })
    expect(stage.asked).toEqual([])
  })

  test('to a connection that is deleted meanwhile leaves no tokens behind', async () => {
    let isProved = false
    stage.beforeAnswer = async () => {
      if (isProved) await core.connections.remove('crm-sync')
      isProved = true
    }
    expect(await signIn()).toEqual(outcome('expired'))
    expect(stage.asked).toEqual(['authorization_code', 'refresh_token'])
    expect(await stage.table.read(ID)).toBeUndefined()
  })

  test('is connected when its tokens are stored, although nobody can be pinned', async () => {
    stage.connections.write = () => Promise.reject(new Error('down'))
    expect(await signIn()).toEqual(CONNECTED)
    expect(await stateOf()).toBe('connected')
  })

  test('without a code is refused for the reason that Entra ID gave', async () => {
    expect(await signIn({ code: undefined, aadsts: 65004 })).toEqual(outcome('refused', { aadsts: 65004 }))
    expect(stage.asked).toEqual([])
  })
})

describe('who may sign in', () => {
  test('the account by its name, in whatever case, the first time', async () => {
    expect(await signIn({ username: 'SVC@CONTOSO.EXAMPLE' })).toEqual(CONNECTED)
  })

  test('nobody else; nothing is stored and nothing destroyed', async () => {
    expect(await signIn({ username: 'other@contoso.example' })).toEqual(outcome('wrong_account'))
    await signIn()
    expect(await signIn({ username: 'other@contoso.example', objectId: 'other' })).toEqual(
      outcome('wrong_account'),
    )
    expect(await ask()).toBe('token 3, returned existing token, store')
  })

  test('afterwards the very account, whatever it is called by then', async () => {
    await signIn()
    expect(await signIn({ username: 'renamed@contoso.example' })).toEqual(CONNECTED)
    expect(await signIn({ objectId: 'another account of the old name' })).toEqual(outcome('wrong_account'))
  })

  test('nobody of another tenant afterwards, where a domain names it, even with the same object id', async () => {
    await signIn()
    stage.tenantId = 'another tenant'
    expect(await signIn()).toEqual(outcome('wrong_account'))
  })

  test('nobody of another tenant than the authority names by its id', async () => {
    const tenants = {
      own: '72f988bf-0000-4000-8000-2d7cd011db47',
      other: '72f988bf-0000-4000-8000-2d7cd011db48',
    }
    const authorityOf = (tenant: string) => async (name: string) => ({
      ...PROFILE,
      name,
      authority: `https://login.example/${tenant}`,
      grants: ['authorization_code' as const],
    })
    stage.tenantId = tenants.own
    stage.profileOf = authorityOf(tenants.other)
    expect(await signIn()).toEqual(outcome('wrong_account'))
    stage.profileOf = authorityOf(tenants.own)
    expect(await signIn()).toEqual(CONNECTED)
  })
})

describe('a grant that has died', () => {
  const DEAD = refusalOf({ category: 'dead_grant', aadsts: 50173 })
  beforeEach(async () => {
    await signIn()
    stage.faults.refresh_token = DEAD
    stage.pass(50 * MINUTE)
    stage.forgetHistory()
  })

  test('is answered 403 with the link, and asked once a day by requests and timer together', async () => {
    const request = { username: 'crm-sync', password: secret, minValidInMs: 0, correlationId: 'id' }
    await expect(core.tokenSource(request)).rejects.toMatchObject({
      code: 'interaction_required',
      details: { aadsts: 50173, remedy: expect.stringContaining(LINK), connection: 'crm-sync' },
    })
    for (let n = 0; n < 3; n++) expect(await ask(stage.instance())).toMatch(/^interaction_required/)
    const [hint] = await stage.dueIndex.dueBefore(Infinity)
    await stage.sweep(core, hint ? [hint] : [])
    expect(stage.asked).toEqual(['refresh_token'])
    expect(await stateOf()).toBe('reconnect_required')
    stage.pass(DAY)
    expect(await ask()).toMatch(/^interaction_required/)
    expect(stage.asked).toEqual(['refresh_token', 'refresh_token'])
  })

  test('keeps the day on which it died, however often it is asked', async () => {
    await ask()
    stage.pass(DAY)
    await ask()
    expect((await core.connections.get('crm-sync')).dead).toEqual({
      sinceTimestamp: NOW + 50 * MINUTE,
      triedOnTimestamp: NOW + 50 * MINUTE + DAY,
      aadsts: 50173,
    })
  })

  test('is found out by the timer, which keeps the entry and asks again in a day', async () => {
    const [hint] = await stage.dueIndex.dueBefore(Infinity)
    const summary = await stage.sweep(core, hint ? [hint] : [])
    expect(summary).toMatchObject({ failed: { dead_grant: 1 }, dropped: 0 })
    expect(await stage.hints()).toEqual([[ID, 50 * MINUTE + DAY]])
    expect((await stage.table.read(ID))?.entry).toBeDefined()
  })

  test('lives again when Entra ID takes it again', async () => {
    await ask()
    delete stage.faults.refresh_token
    stage.pass(DAY)
    expect(await ask()).toMatch(/refreshed existing token, identity_provider$/)
    expect(await stateOf()).toBe('connected')
  })

  test('lives again after a sign-in, with the same secret', async () => {
    await ask()
    delete stage.faults.refresh_token
    expect(await signIn()).toEqual(CONNECTED)
    expect(await ask()).toMatch(/returned existing token, store$/)
    expect(await stateOf()).toBe('connected')
  })

  test.each([
    ['a passing failure', refusalOf({ category: 'temporarily_unavailable', scope: 'account' })],
    ['a failure of the profile', refusalOf({ category: 'misconfigured', scope: 'profile' })],
    ['a lock that somebody else caused', refusalOf({ category: 'account_locked' })],
  ])('is not what %s is', async (_, failure) => {
    stage.faults.refresh_token = failure
    stage.pass(HOUR)
    await ask()
    expect(await stateOf()).toBe('connected')
  })
})

describe('a page', () => {
  test('shows what is connected', async () => {
    expect(await core.signIns.show(ID)).toMatchObject({
      view: { name: 'crm-sync', state: 'pending', username: ACCOUNT, link: LINK },
      profile: { clientId: 'c', scopes: ['s'] },
    })
  })

  test.each([
    ['an id of nobody', () => core.signIns.show('nobody')],
    [
      'a connection of an application',
      async () => {
        const grants = ['client_credentials', 'authorization_code'] as const
        stage.profileOf = async (name) => ({ ...PROFILE, name, grants })
        const wish = { name: 'app', client: 'crm', grant: 'client_credentials' as const }
        const { view } = await core.connections.make(wish, 'id')
        await stage.connections.link(view.id, 'app')
        return core.signIns.show(view.id)
      },
    ],
    [
      'a profile that does not allow it any more',
      () => {
        stage.profileOf = async (name) => ({ ...PROFILE, name, grants: [] })
        return core.signIns.show(ID)
      },
    ],
    [
      'a link that somebody forged',
      async () => {
        await stage.connections.link('forged', 'crm-sync')
        return core.signIns.show('forged')
      },
    ],
  ])('is not there for %s', async (_, show) => {
    await expect(show()).rejects.toMatchObject({ code: 'not_found' })
  })
})
