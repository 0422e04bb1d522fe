import { expect, test } from '@jest/globals'
import { growthOf, type Look } from '../../soak/growth.ts'
import { runSoak } from '../../soak/run-soak.ts'

test('mixed traffic and faults for a few seconds get no answer outside the contract', async () => {
  const { violations, looks, counts } = await runSoak({
    durationInMs: 5_000,
    seed: 1,
    looks: 8,
    onLook: () => {},
  })
  expect(violations).toEqual([])
  expect(looks).toHaveLength(8)
  expect(counts).toMatchObject({ '/requesttoken 200': expect.any(Number) })
  for (const { memoryInMiB, rssInMiB, handles, sockets } of looks) {
    expect(Math.min(memoryInMiB, rssInMiB, handles)).toBeGreaterThan(0)
    expect(sockets).toBeGreaterThanOrEqual(0)
  }
})

const lookOf = (fields: Partial<Look>): Look => ({
  memoryInMiB: 40,
  rssInMiB: 150,
  handles: 20,
  sockets: 10,
  ...fields,
})
const looksOf = (fieldsOf: (number: number) => Partial<Look>): Look[] =>
  Array.from({ length: 30 }, (_, number) => lookOf(fieldsOf(number)))

test.each<[string, (number: number) => Partial<Look>, string[]]>([
  ['stays as it is', () => ({}), []],
  ['grows by less than the bound', (number) => ({ memoryInMiB: 40 + number / 6 }), []],
  ['is larger in the warm-up alone', (number) => ({ sockets: number < 6 ? 90 : 10 }), []],
  ['has one peak', (number) => ({ handles: number === 29 ? 500 : 20 }), []],
  ['grows in memory', (number) => ({ memoryInMiB: 40 + number }), ['memoryInMiB grew from 50.0 to 66.0']],
  ['grows in sockets', (number) => ({ sockets: 10 + number }), ['sockets grew from 20.0 to 36.0']],
  ['grows in handles', (number) => ({ handles: 20 + number }), ['handles grew from 30.0 to 46.0']],
])('a process that %s is told from one that grows', (_, fieldsOf, grown) => {
  expect(growthOf(looksOf(fieldsOf))).toEqual(grown)
})
