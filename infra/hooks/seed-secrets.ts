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
 * Makes the two keys and the first client profile, each only when there is none, and recovers what was deleted. What exists
 * stays as it is: another key would make every stored token unreadable.
 */
export async function seedSecrets(parts: SeedParts): Promise<void> {
  const { vault, say, profileName, readProfile } = parts
  const profileSecret = `client-${profileName}`
  const taken = new Set(await vault.names())
  const wanted = [...KEY_NAMES, profileSecret]
  for (const name of wanted) if (taken.has(name)) say(`${name}: there already, left as it is.`)
  const missing = wanted.filter((name) => !taken.has(name))
  if (missing.length === 0) return

  const deleted = new Set(await vault.deletedNames())
  for (const name of missing.filter((each) => deleted.has(each))) {
    await vault.recover(name)
    say(`${name}: was deleted, recovered with the value it had.`)
  }

  for (const name of missing.filter((each) => !deleted.has(each))) {
    if (name === profileSecret) await makeProfile()
    else await makeKey(name)
  }

  async function makeKey(name: string): Promise<void> {
    await vault.set(name, parts.randomBytes(KEY_LENGTH).toString('base64'), 'application/octet-stream')
    say(`${name}: made, ${KEY_LENGTH} random bytes.`)
  }

  async function makeProfile(): Promise<void> {
    const profile = await readProfile()
    if (profile === undefined) {
      say(`${profileSecret}: not made. Until there is one, the broker answers 500 misconfigured.`)
      return
    }
    await vault.set(profileSecret, profile, 'application/json')
    say(`${profileSecret}: made.`)
  }
}
