import { describe, expect, test } from '@jest/globals'
import { concernOf, surveyConnections } from '../../../src/core/connection/connection-survey.ts'
import type { ConnectionView } from '../../../src/core/connection/connection-view.ts'
import { createForesight } from '../../../src/core/connection/foresight.ts'

const NOW = 1_764_000_000_000
const DAY = 86_400_000
const viewOf = (name: string, fields: Partial<ConnectionView> = {}): ConnectionView => ({
  name,
  id: `id of ${name}`,
  state: 'connected',
  grant: 'authorization_code',
  client: 'crm',
  createdOnTimestamp: NOW - 100 * DAY,
  connectedOnTimestamp: NOW - 100 * DAY,
  lapsesOnTimestamp: NOW + 80 * DAY,
  failures: 0,
  ...fields,
})
const DEAD = { sinceTimestamp: NOW - 5, triedOnTimestamp: NOW - 1, aadsts: 50173 }

describe('somebody must see to', () => {
  test.each([
    ['what is connected', {}, undefined],
    [
      'what has ended',
      { state: 'reconnect_required' as const, dead: DEAD },
      { kind: 'dead', timestamp: NOW - 5, aadsts: 50173 },
    ],
    [
      'what has ended for a reason without a code',
      { state: 'reconnect_required' as const, dead: { ...DEAD, aadsts: 0 } },
      { kind: 'dead', timestamp: NOW - 5 },
    ],
    [
      'what ends in 14 days',
      { lapsesOnTimestamp: NOW + 14 * DAY },
      { kind: 'dying', timestamp: NOW + 14 * DAY },
    ],
    ['what ends a moment later', { lapsesOnTimestamp: NOW + 14 * DAY + 1 }, undefined],
    ['what has no refresh token to end', { lapsesOnTimestamp: undefined }, undefined],
    [
      'what waits for a day',
      { state: 'pending' as const, createdOnTimestamp: NOW - DAY, lapsesOnTimestamp: undefined },
      { kind: 'never_connected', timestamp: NOW - DAY },
    ],
    [
      'what waits for less',
      { state: 'pending' as const, createdOnTimestamp: NOW - DAY + 1, lapsesOnTimestamp: undefined },
      undefined,
    ],
  ])('%s', (_, fields, concern) => {
    expect(concernOf(viewOf('a', fields), NOW)).toEqual(concern && { name: 'a', client: 'crm', ...concern })
  })
})

const VIEWS = [
  viewOf('pending', { state: 'pending', lapsesOnTimestamp: undefined }),
  viewOf('well'),
  viewOf('dying', { lapsesOnTimestamp: NOW }),
  viewOf('dead', { state: 'reconnect_required', dead: DEAD }),
]
const listOf =
  (views: readonly ConnectionView[], sizes: number[] = []) =>
  async (pageSize: number, next = '0') => {
    sizes.push(pageSize)
    const end = Number(next) + pageSize
    return { connections: views.slice(Number(next), end), next: end < views.length ? String(end) : undefined }
  }

describe('a survey', () => {
  test('counts by state, and tells the dead first', async () => {
    const survey = await surveyConnections(listOf(VIEWS), NOW, 1000)
    expect(survey).toMatchObject({
      read: 4,
      isCut: false,
      byState: { connected: 2, pending: 1, reconnect_required: 1 },
    })
    expect(survey.concerns.map(({ name }) => name)).toEqual(['dead', 'dying', 'pending'])
  })

  test('reads no more than it may, page by page, and says so', async () => {
    const sizes: number[] = []
    const many = Array.from({ length: 500 }, (_, n) => viewOf(`n${n}`))
    expect(await surveyConnections(listOf(many, sizes), NOW, 450)).toMatchObject({ read: 450, isCut: true })
    expect(sizes).toEqual([200, 200, 50])
  })
})

describe('foresight', () => {
  test('tells once a day, to the millisecond', async () => {
    let elapsed = 7
    const foresight = createForesight({ list: listOf(VIEWS), now: () => NOW, elapsed: () => elapsed })
    expect((await foresight()).map(({ name }) => name)).toEqual(['dead', 'dying', 'pending'])
    elapsed += DAY - 1
    expect(await foresight()).toEqual([])
    elapsed += 1
    expect(await foresight()).toHaveLength(3)
  })

  test('that could not look looks again at the next tick', async () => {
    let isDown = true
    const list = async (pageSize: number) => {
      if (isDown) throw new Error('down')
      return listOf(VIEWS)(pageSize)
    }
    const foresight = createForesight({ list, now: () => NOW, elapsed: () => 0 })
    expect(await foresight()).toEqual([])
    isDown = false
    expect(await foresight()).toHaveLength(3)
  })
})
