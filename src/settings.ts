import * as z from 'zod'
import { isNcrontab } from './ncrontab.ts'
import { publicAddress } from './public-address.ts'
import { serviceAddress } from './service-address.ts'

/** What the app settings (environment variables) say, checked and with units in the names. */
export interface Settings {
  /** The vault that holds the client profiles and the two keys, e.g. `https://contoso.vault.azure.net`. */
  readonly keyVaultUrl: string
  /** The Table service of the data account, e.g. `https://contoso.table.core.windows.net`. */
  readonly tableServiceUrl: string
  /** A token with less than this left is refreshed before it is served. */
  readonly refreshThresholdInMs: number
  /** How long a password that Entra ID accepted is believed without asking again. */
  readonly passwordMaxAgeInMs: number
  /** Time limit of one call to Entra ID. */
  readonly identityProviderTimeoutInMs: number
  /** Time limit of one call to Key Vault or to Table Storage, retries included. */
  readonly storageTimeoutInMs: number
  /** Time limit of one request to the broker. */
  readonly requestDeadlineInMs: number
  /** An entry that nobody asked for in this time is deleted, not refreshed for ever. */
  readonly idleEvictionInMs: number
  /** How long the refresh token of a connection that nobody asks for is kept alive. */
  readonly idleRenewalInMs: number
  /** So many different wrong passwords of a user reach Entra ID in a window; 1 in US Government clouds. */
  readonly maxRefusedPasswords: number
  readonly refusalWindowInMs: number
  /** How many entries one instance refreshes at a time. */
  readonly refreshConcurrency: number
  /** With more entries due than this, the timer hands them out to other instances through the queue. */
  readonly refreshFanoutAbove: number
  /** The Queue service of the data account; the queue trigger reads the same setting. */
  readonly queueServiceUrl: string
  /** The broker's own address as callers know it, `https://broker.contoso.com`: the issuer of its OAuth metadata, and where people connect. */
  readonly publicUrl: string | undefined
  /** App Service authentication stands in front, and says who calls. */
  readonly isAuthenticatedByPlatform: boolean
  /** What is wrong although requests are served, by name. */
  readonly problems: readonly string[]
}

/** As people write it, not as JavaScript reads it: `1e3`, `0x10` and `600s` are mistakes. */
const numberOf = (error: string) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, error)
    .transform(Number)

/** Whole milliseconds: timers take no others. */
const seconds = (range: { default: number; min: number; max: number }) =>
  numberOf('must be a number of seconds')
    .pipe(
      z
        .number()
        .min(range.min, `must be at least ${range.min} seconds`)
        .max(range.max, `must be at most ${range.max} seconds`),
    )
    .transform((value) => Math.round(value * 1000))
    .default(range.default * 1000)

const count = (range: { default: number; min: number; max: number }) =>
  numberOf('must be a whole number')
    .pipe(
      z
        .int('must be a whole number')
        .min(range.min, `must be at least ${range.min}`)
        .max(range.max, `must be at most ${range.max}`),
    )
    .default(range.default)

/** Every app setting that the broker reads, by its name. Times are in seconds, as the predecessor had them. */
const environmentSchema = z.object({
  KEY_VAULT_URL: serviceAddress('vault'),
  TABLE_SERVICE_URL: serviceAddress('table'),
  REFRESH_THRESHOLD: seconds({ default: 600, min: 0, max: 3000 }),
  PASSWORD_MAX_AGE: seconds({ default: 86_400, min: 0, max: 90 * 86_400 }),
  IDENTITY_PROVIDER_TIMEOUT: seconds({ default: 10, min: 0.05, max: 60 }),
  STORAGE_TIMEOUT: seconds({ default: 3, min: 0.05, max: 30 }),
  REQUEST_DEADLINE: seconds({ default: 20, min: 0.05, max: 110 }),
  // Use is noted once an hour.
  IDLE_EVICTION: seconds({ default: 7 * 86_400, min: 7200, max: 90 * 86_400 }),
  CONNECTION_IDLE_RENEWAL: seconds({ default: 180 * 86_400, min: 86_400, max: 3650 * 86_400 }),
  MAX_REFUSED_PASSWORDS: count({ default: 3, min: 1, max: 9 }),
  REFUSAL_WINDOW: seconds({ default: 600, min: 60, max: 7200 }),
  REFRESH_CONCURRENCY: count({ default: 32, min: 1, max: 256 }),
  REFRESH_FANOUT_ABOVE: count({ default: 1000, min: 1, max: 10_000_000 }),
  DataStorage__queueServiceUri: serviceAddress('queue'),
  PUBLIC_URL: publicAddress.optional(),
})

/** The names of the app settings, for the documents and templates that must agree with them. */
export const settingNames: readonly string[] = Object.keys(environmentSchema.shape)

/** One or more app settings are missing or wrong. `problems` names each of them, and never a value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`App settings: ${problems.join('; ')}`)
    this.problems = problems
  }
}

/**
 * Reads the settings. An empty value counts as absent.
 *
 * @throws {SettingsError} with every problem at once.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const present = Object.fromEntries(
    settingNames.map((name) => [name, environment[name]?.trim()]).filter(([, value]) => value),
  )
  const parsed = environmentSchema.safeParse(present)
  const proxyProblems = proxyProblemsOf(environment)
  if (!parsed.success || proxyProblems.length > 0) {
    const problems = (parsed.error?.issues ?? []).map(({ path: [name], message }) => {
      const value = present[String(name)]
      if (value === undefined) return `${String(name)} is missing`
      return `${String(name)} ${QUOTED.test(value) ? 'must not be in quotes' : message}`
    })
    throw new SettingsError([...problems, ...proxyProblems])
  }
  const values = parsed.data
  return {
    keyVaultUrl: values.KEY_VAULT_URL,
    tableServiceUrl: values.TABLE_SERVICE_URL,
    refreshThresholdInMs: values.REFRESH_THRESHOLD,
    passwordMaxAgeInMs: values.PASSWORD_MAX_AGE,
    identityProviderTimeoutInMs: values.IDENTITY_PROVIDER_TIMEOUT,
    storageTimeoutInMs: values.STORAGE_TIMEOUT,
    requestDeadlineInMs: values.REQUEST_DEADLINE,
    idleEvictionInMs: values.IDLE_EVICTION,
    idleRenewalInMs: values.CONNECTION_IDLE_RENEWAL,
    maxRefusedPasswords: values.MAX_REFUSED_PASSWORDS,
    refusalWindowInMs: values.REFUSAL_WINDOW,
    refreshConcurrency: values.REFRESH_CONCURRENCY,
    refreshFanoutAbove: values.REFRESH_FANOUT_ABOVE,
    queueServiceUrl: values.DataStorage__queueServiceUri,
    publicUrl: values.PUBLIC_URL ?? platformUrlOf(environment),
    // Set by the platform, https://learn.microsoft.com/azure/app-service/reference-app-settings; the Functions host goes by it, too.
    isAuthenticatedByPlatform: environment['WEBSITE_AUTH_ENABLED']?.toLowerCase() === 'true',
    problems: scheduleProblemsOf(environment['REFRESH_SCHEDULE']?.trim() ?? ''),
  }
}

/** Also the quotes that word processors make. */
const QUOTED = /^["'`\u2018-\u201F]|["'`\u2018-\u201F]$/

/** The host alone reads it: a timer whose schedule it cannot read does not run, and all else goes on. */
function scheduleProblemsOf(schedule: string): string[] {
  const problem = schedule === '' ? 'is missing' : 'is no NCRONTAB schedule, such as 0 * * * * *'
  return isNcrontab(schedule)
    ? []
    : [`REFRESH_SCHEDULE ${problem}: tokens are not refreshed before they are asked for`]
}

/** Set by the platform, https://learn.microsoft.com/azure/app-service/reference-app-settings */
function platformUrlOf({ WEBSITE_HOSTNAME: host }: Readonly<Record<string, string | undefined>>) {
  return host ? publicAddress.safeParse(`https://${host}`).data : undefined
}

/** Read by the Azure SDKs' HTTP client, which would break on a `proxy:8080` at every request. */
function proxyProblemsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return ['HTTPS_PROXY', 'ALL_PROXY', 'HTTP_PROXY'].flatMap((name) => {
    const value = environment[name] || environment[name.toLowerCase()]
    return !value || (/^https?:\/\/[^/]/.test(value) && URL.canParse(value))
      ? []
      : [`${name} must be an http:// URL`]
  })
}
