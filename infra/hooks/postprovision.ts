// Runs after `azd provision`: puts the two keys and the first client profile into the vault, when they are not there.
// By hand: KEY_VAULT_URL=https://<vault>.vault.azure.net npm run secrets
import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { SecretClient } from '@azure/keyvault-secrets'
import { clientProfileSchema } from '../../src/adapters/key-vault/client-profile-schema.ts'
import { createOperatorCredential } from './operator-credential.ts'
import { readClientProfile, type ProfileCheck } from './profile-input.ts'
import { seedSecrets } from './seed-secrets.ts'
import { ClosedVaultError, createVault, forbiddenReasonPolicy, RefusedByVaultError } from './vault.ts'

const { env: environment, stdin: input, stdout: output } = process
const say = (line: string) => void process.stderr.write(`${line}\n`)
const vaultUrl = environment['KEY_VAULT_URL']

try {
  if (!vaultUrl) throw new Error('KEY_VAULT_URL is not set: azd sets it, from the outputs of the deployment.')
  const profileName = environment['CLIENT_PROFILE_NAME'] || 'default'
  if (!/^[0-9A-Za-z-]{1,64}$/.test(profileName)) {
    throw new Error('CLIENT_PROFILE_NAME: letters, digits and hyphens, at most 64.')
  }
  const client = new SecretClient(vaultUrl, createOperatorCredential(environment['AZURE_TENANT_ID']), {
    additionalPolicies: [forbiddenReasonPolicy],
  })
  const terminal = input.isTTY && output.isTTY ? { input, output } : undefined
  await seedSecrets({
    vault: createVault({ client, say, delay: setTimeout, elapsed: () => performance.now() }),
    randomBytes,
    readProfile: () => readClientProfile({ environment, check: problemsOf, say, terminal }),
    profileName: profileName.toLowerCase(),
    say,
  })
} catch (error) {
  if (error instanceof ClosedVaultError) {
    // What was provisioned is right: a deployment that ends here would have to be made again for nothing.
    say(
      `The vault ${vaultUrl} ${error.message}. The keys and the client profile were not looked at; the deployment goes on. ` +
        'When they are not there yet, the broker answers 500 misconfigured. Then, from inside the network, or after ' +
        `adding this machine's address to operatorIpRanges: KEY_VAULT_URL=${vaultUrl} npm run secrets`,
    )
  } else {
    say(messageOf(error))
    process.exitCode = 1
  }
}

/** The broker's own rules for a profile. */
function problemsOf(profile: unknown): ReturnType<ProfileCheck> {
  const { error } = clientProfileSchema.safeParse(profile)
  return error?.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(' ')) ?? []
}

function messageOf(error: unknown): string {
  if (error instanceof RefusedByVaultError) {
    return `The vault ${vaultUrl} ${error.message}. Writing secrets takes the role Key Vault Secrets Officer on it. azd gives it to whoever provisions; someone else needs it too.`
  }
  if (error instanceof Error && /^(Chained|Aggregate|CredentialUnavailable)/.test(error.name)) {
    return `Nobody is signed in for the vault ${vaultUrl}: azd auth login${tenantOption()}. ${error.message}`
  }
  return error instanceof Error ? error.message : String(error)
}

function tenantOption(): string {
  const tenantId = environment['AZURE_TENANT_ID']
  return tenantId ? ` --tenant-id ${tenantId}` : ''
}
