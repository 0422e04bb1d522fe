import type { Vault } from './vault.ts'

const KEY_NAMES = ['token-cache-encryption-key', 'token-cache-index-key'] as const
const KEY_LENGTH = 32

export interface SeedParts {
  readonly vault: Vault
  readonly randomBytes: (length: number) => Buffer
  /** The JSON of a client profile, checked; undefined when there is none to be had now. */
  readonly readProfile: () => Promise<string | undefined>
  readonly profileName: string
  readonly say: (line: string) => void
}

/**
 * Makes the two keys and the first client profile, each only when there is none. What exists stays as it is: another key
 * would make every stored token unreadable.
 *
 * @throws {Error} when one of them waits in the recycle bin.
 */
export async function seedSecrets(parts: SeedParts): Promise<void> {
  const { vault, say } = parts
  const profileSecret = `client-${parts.profileName}`
  const taken = new Set(await vault.names())
  const wanted = [...KEY_NAMES, profileSecret]
  const missing = wanted.filter((name) => !taken.has(name))
  for (const name of wanted) if (taken.has(name)) say(`${name}: there already, left as it is.`)
  if (missing.length === 0) return

  const deleted = new Set(await vault.deletedNames())
  const recoverable = missing.filter((name) => deleted.has(name))
  if (recoverable.length > 0) {
    throw new Error(
      `Deleted, but recoverable: ${recoverable.join(', ')}. Recover with: az keyvault secret recover --vault-name <vault> --name <name>`,
    )
  }

  for (const name of KEY_NAMES.filter((each) => missing.includes(each))) {
    await vault.set(name, parts.randomBytes(KEY_LENGTH).toString('base64'), 'application/octet-stream')
    say(`${name}: made, ${KEY_LENGTH} random bytes.`)
  }
  if (!missing.includes(profileSecret)) return
  const profile = await parts.readProfile()
  if (profile === undefined) {
    say(`${profileSecret}: not made. Until there is one, the broker answers 500 misconfigured.`)
    return
  }
  await vault.set(profileSecret, profile, 'application/json')
  say(`${profileSecret}: made.`)
}
