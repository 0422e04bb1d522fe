import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { readSettings, settingNames, SettingsError } from '../src/settings.ts'

const REQUIRED = {
  KEY_VAULT_URL: 'https://contoso.vault.azure.net',
  TABLE_SERVICE_URL: 'https://contoso.table.core.windows.net',
  DataStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
}

test('times are in seconds, and all but the three addresses have a default', () => {
  expect(readSettings(REQUIRED)).toEqual({
    keyVaultUrl: REQUIRED.KEY_VAULT_URL,
    tableServiceUrl: REQUIRED.TABLE_SERVICE_URL,
    queueServiceUrl: REQUIRED.DataStorage__queueServiceUri,
    refreshThresholdInMs: 600_000,
    passwordMaxAgeInMs: 86_400_000,
    idleEvictionInMs: 604_800_000,
    maxRefusedPasswords: 3,
    refusalWindowInMs: 600_000,
    refreshConcurrency: 32,
    refreshFanoutAbove: 1000,
    identityProviderTimeoutInMs: 10_000,
    storageTimeoutInMs: 3_000,
    requestDeadlineInMs: 20_000,
    isAuthenticatedByPlatform: false,
  })
  expect(readSettings({ ...REQUIRED, REFRESH_THRESHOLD: ' 30 ', PASSWORD_MAX_AGE: '' })).toMatchObject({
    refreshThresholdInMs: 30_000,
    passwordMaxAgeInMs: 86_400_000,
  })
})

test('a slash at the end of an address does not matter', () => {
  const withSlashes = Object.fromEntries(Object.entries(REQUIRED).map(([name, url]) => [name, `${url}/`]))
  expect(readSettings(withSlashes)).toEqual(readSettings(REQUIRED))
})

test('every problem is told at once, by name and never by value', () => {
  const environment = {
    KEY_VAULT_URL: 'http://secret-value',
    REFRESH_THRESHOLD: 'secret-value',
    PASSWORD_MAX_AGE: '-1',
    REFRESH_CONCURRENCY: '1.5',
    REQUEST_DEADLINE: '3600',
  }
  const read = () => readSettings(environment)
  expect(read).toThrow(SettingsError)
  expect(read).toThrow(
    'App settings: KEY_VAULT_URL must be an https:// URL; TABLE_SERVICE_URL is missing; ' +
      'REFRESH_THRESHOLD must be a number of seconds; PASSWORD_MAX_AGE must be at least 0 seconds; ' +
      'REQUEST_DEADLINE must be at most 110 seconds; REFRESH_CONCURRENCY must be a whole number; ' +
      'DataStorage__queueServiceUri is missing',
  )
  expect(read).not.toThrow('secret-value')
})

test('the README lists every setting, with its default', async () => {
  const readme = await readFile('README.md', 'utf8')
  const rows = new Map(
    [...readme.matchAll(/^\| `(\w+)` +\| +(\S+) +\|/gm)].map(([, name = '', value]) => [name, value]),
  )
  const defaults = readSettings(REQUIRED)
  const inSeconds = (timeInMs: number) => String(timeInMs / 1000)
  expect(settingNames.filter((name) => !rows.has(name))).toEqual([])
  expect(rows.get('REFRESH_THRESHOLD')).toBe(inSeconds(defaults.refreshThresholdInMs))
  expect(rows.get('PASSWORD_MAX_AGE')).toBe(inSeconds(defaults.passwordMaxAgeInMs))
  expect(rows.get('IDLE_EVICTION')).toBe(inSeconds(defaults.idleEvictionInMs))
  expect(rows.get('REQUEST_DEADLINE')).toBe(inSeconds(defaults.requestDeadlineInMs))
  expect(rows.get('STORAGE_TIMEOUT')).toBe(inSeconds(defaults.storageTimeoutInMs))
  expect(rows.get('IDENTITY_PROVIDER_TIMEOUT')).toBe(inSeconds(defaults.identityProviderTimeoutInMs))
  expect(rows.get('REFRESH_CONCURRENCY')).toBe(String(defaults.refreshConcurrency))
  expect(rows.get('REFRESH_FANOUT_ABOVE')).toBe(String(defaults.refreshFanoutAbove))
})
