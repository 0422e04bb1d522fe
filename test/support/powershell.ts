import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The full path of a program on PATH. */
export const pathOf = (program: string): string | undefined =>
  String(process.env['PATH'])
    .split(delimiter)
    .map((folder) => join(folder, process.platform === 'win32' ? `${program}.exe` : program))
    .find((file) => existsSync(file))

const INSTALLED = '.local/powershell/pwsh'

/** PowerShell 7: what PWSH names, else the one on PATH, else the one that `.ci/run` installs. */
export function powerShell7(): string | undefined {
  const found = process.env['PWSH'] ?? pathOf('pwsh') ?? (existsSync(INSTALLED) ? INSTALLED : undefined)
  return found !== undefined && existsSync(found) ? found : undefined
}

/** It tells nobody that it runs, and does not look for a newer one. */
export const QUIET_POWERSHELL = { POWERSHELL_TELEMETRY_OPTOUT: '1', POWERSHELL_UPDATECHECK: 'Off' }

/** Syntax, variables and parameters that came with PowerShell 6 and 7, which Windows PowerShell 5.1 does not know. */
export const UNKNOWN_TO_5_1 =
  /&&|\|\||\?\?|\$\{\w+\}\?[.[]| \? .* : |\$Is(Windows|Linux|MacOS|CoreCLR)|-(SkipHttpErrorCheck|SkipCertificateCheck|StatusCodeVariable|Authentication|AllowUnencryptedAuthentication|MaximumRetryCount|AsHashtable|Parallel|ConnectionTimeoutSeconds)\b|[^\n -~]/i
