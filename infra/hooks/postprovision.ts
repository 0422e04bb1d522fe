// Runs after `azd provision`: puts the two keys and the first client profile into the vault, when they are not there.
// By hand: KEY_VAULT_NAME=<vault> npm run secrets
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createAzureCli } from './azure-cli.ts'
import { readClientProfile, type ProfileCheck } from './profile-input.ts'
import { seedSecrets } from './seed-secrets.ts'
import { createVault } from './vault.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

// The file of a secret that is being written is removed when the process exits, and a signal alone is no exit.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  const vaultName = process.env['KEY_VAULT_NAME']
  if (!vaultName)
    throw new Error('KEY_VAULT_NAME is not set: azd sets it, from the outputs of the deployment.')
  const profileName = process.env['CLIENT_PROFILE_NAME'] || 'default'
  if (!/^[0-9A-Za-z-]{1,120}$/.test(profileName)) {
    throw new Error('CLIENT_PROFILE_NAME: letters, digits and hyphens, at most 120.')
  }
  const check = await profileCheck()
  const { stdin: input, stdout: output, env: environment } = process
  const terminal = input.isTTY && output.isTTY ? { input, output } : undefined
  const vault = createVault({ az: createAzureCli(), vaultName, say, delay: setTimeout, now: Date.now })
  await seedSecrets({
    vault,
    randomBytes,
    readProfile: () => readClientProfile({ environment, check, say, terminal }),
    profileName,
    say,
  })
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** The broker's own rules for a profile. They need the dependencies, which a fresh clone does not have. */
async function profileCheck(): Promise<ProfileCheck> {
  try {
    const { clientProfileSchema } = await import('../../src/adapters/key-vault/client-profile-schema.ts')
    return (profile) =>
      clientProfileSchema
        .safeParse(profile)
        .error?.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(' ')) ?? []
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error('The dependencies are not installed: run npm ci first.', { cause: error })
  }
}
