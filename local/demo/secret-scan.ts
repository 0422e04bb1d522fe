import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { DemoWorld } from './demo-world.ts'
import { createSecretSearch } from './secret-search.ts'

const plantedForms = ['text', 'base64', 'base64 of UTF-16']

/**
 * Closes the world and looks for secrets in the bytes of its table and in the broker's log, after proving that what is known to be
 * there is found.
 *
 * @returns what was searched. @throws when a secret is found, or what was planted is not.
 */
export async function runSecretScan(
  world: DemoWorld,
  secrets: Readonly<Record<string, readonly string[]>>,
): Promise<string> {
  const canary = randomUUID()
  await world.plantInTable(canary)
  await world.close()
  const files = await world.tableFiles()
  const log = Buffer.from(world.lines.join('\n'))

  const findingsOf = (bytes: readonly Buffer[], wanted: Readonly<Record<string, readonly string[]>>) => {
    const search = createSecretSearch(wanted)
    return new Set(bytes.flatMap((each) => search(each)))
  }
  const planted = findingsOf(files, { canary: [canary] })
  for (const form of plantedForms) assert.ok(planted.has(`canary as ${form}`), `no planted ${form} is found`)
  const { userHash, correlationId } = world.logged('token_request').at(-1) ?? {}
  assert.ok(findingsOf(files, { key: [String(userHash)] }).has('key as text'), "the user's row is not found")
  assert.ok(findingsOf([log], { id: [String(correlationId)] }).has('id as text'), 'the log is not searched')

  assert.deepEqual([...findingsOf(files, secrets)], [], 'in the table')
  assert.deepEqual([...findingsOf([log], secrets)], [], 'in the log')
  const secretCount = Object.values(secrets).flat().length
  const sizeInKilobytes = Math.round(files.reduce((sum, { length }) => sum + length, 0) / 1000)
  return `a planted one is found, of ${secretCount} real ones none, in ${sizeInKilobytes} kB and ${world.lines.length} log lines`
}
