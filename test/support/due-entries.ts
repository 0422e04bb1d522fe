import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pLimit from 'p-limit'
import { createEntraTokens, createKeyState, type KeyState } from '../../local/entra/tokens.ts'
import { demoClientId, demoResource, demoUser } from '../../local/demo/demo-tenant.ts'
import { cachedTokenOf } from '../../src/adapters/msal/cached-token.ts'
import type { Processes } from './processes.ts'

const PARALLEL_WRITES = 64

export interface SeededUser {
  readonly username: string
  readonly objectId: string
}

export interface Directory {
  readonly keys: KeyState
  readonly users: readonly SeededUser[]
}

/** Puts users into the Entra emulator's state file, before it starts: one by one it would write the file as often. */
export async function seedDirectory(folder: string, count: number): Promise<Directory> {
  const keys = createKeyState()
  const users = Array.from({ length: count }, (_, number) => ({
    username: `user${number}@contoso.example`,
    objectId: randomUUID(),
  }))
  const state = {
    keys,
    users: Object.fromEntries(
      users.map((user) => [
        user.username,
        { ...user, passwordHash: '', passwordGeneration: 0, revocationGeneration: 0, revocationCode: 50173 },
      ]),
    ),
  }
  await writeFile(join(folder, 'entra.json'), JSON.stringify(state))
  return { keys, users }
}

/**
 * Stores an entry and its hint for each user, through the product's own code, as if each had just signed in. They are copies of
 * the demo user's entry, which is there already, with their own names and refresh tokens.
 */
export async function seedEntries(processes: Processes, { keys, users }: Directory): Promise<void> {
  const { store, dueIndex, entryKeyOf, now } = processes
  const { sealGrant } = await createEntraTokens(keys, now)
  const template = await store.read(await entryKeyOf(demoUser.username))
  if (!template?.entry) throw new Error('The demo user has no entry.')
  const { entry } = template
  const expiresOnTimestamp = cachedTokenOf(entry.serializedCache)?.expiresOnTimestamp ?? 0
  const [objectId = ''] = /[0-9a-f-]{36}/.exec(Object.keys(accountsOf(entry.serializedCache))[0] ?? '') ?? []
  await pLimit(PARALLEL_WRITES).map(users, async (user) => {
    const refreshToken = await sealGrant({
      username: user.username,
      clientId: demoClientId,
      resource: demoResource,
      isConfidential: false,
      passwordGeneration: 0,
      revocationGeneration: 0,
      issuedAt: now(),
    })
    const serializedCache = entry.serializedCache
      .replaceAll(objectId, user.objectId)
      .replaceAll(demoUser.username, user.username)
      .replace(/("RefreshToken":.*?"secret":")[^"]+/, `$1${refreshToken}`)
    const entryKey = await entryKeyOf(user.username)
    await dueIndex.add({ entryKey, dueTimestamp: expiresOnTimestamp - 600_000 })
    await store.write(entryKey, { ...entry, serializedCache }, now(), undefined)
  })
}

function accountsOf(serializedCache: string): Record<string, unknown> {
  return (JSON.parse(serializedCache) as { Account: Record<string, unknown> }).Account
}
