import { execFile } from 'node:child_process'

/** Runs `az` and returns what it prints. Arguments are visible to every user of the machine: no secret among them. */
export type AzureCli = (args: readonly string[]) => Promise<string>

/** `az` failed; the message is its own. */
export class AzureCliError extends Error {
  override readonly name = 'AzureCliError'
}

/** @throws {AzureCliError} from each call that fails. */
export function createAzureCli(platform: NodeJS.Platform = process.platform): AzureCli {
  // On Windows az is a batch file, which only a shell runs.
  const isBatchFile = platform === 'win32'
  return (args) =>
    new Promise((resolve, reject) => {
      const words = isBatchFile ? args.map((arg) => `"${arg}"`) : [...args]
      execFile('az', words, { shell: isBatchFile }, (error, stdout, stderr) => {
        if (!error) resolve(stdout)
        else reject(new AzureCliError(stderr.trim() || error.message, { cause: error }))
      })
    })
}
