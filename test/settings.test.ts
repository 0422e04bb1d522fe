import { readFile } from 'node:fs/promises'
import { expect, test } from '@jest/globals'
import { readSettings, settingNames, SettingsError } from '../src/settings.ts'

const REQUIRED = {
  KEY_VAULT_URL: 'https://contoso.vault.azure.net',
  TABLE_SERVICE_URL: 'https://contoso.table.core.windows.net',
  DataStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
  REFRESH_SCHEDULE: '0 * * * * *',
}
const problemOf = (name: string, value: string) => {
  try {
    readSettings({ ...REQUIRED, [name]: value })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as SettingsError).problems.join('; ')
  }
}

test('times are in seconds, and all but the three addresses have a default', () => {
  expect(readSettings(REQUIRED)).toEqual({
    keyVaultUrl: REQUIRED.KEY_VAULT_URL,
    tableServiceUrl: REQUIRED.TABLE_SERVICE_URL,
    queueServiceUrl: REQUIRED.DataStorage__queueServiceUri,
    refreshThresholdInMs: 600_000,
    passwordMaxAgeInMs: 86_400_000,
    idleEvictionInMs: 604_800_000,
    idleRenewalInMs: 15_552_000_000,
    maxRefusedPasswords: 3,
    refusalWindowInMs: 600_000,
    refreshConcurrency: 32,
    refreshFanoutAbove: 1000,
    identityProviderTimeoutInMs: 10_000,
    storageTimeoutInMs: 3_000,
    requestDeadlineInMs: 20_000,
    publicUrl: undefined,
    isAuthenticatedByPlatform: false,
    problems: [],
  })
  expect(readSettings({ ...REQUIRED, REFRESH_THRESHOLD: ' 30 ', PASSWORD_MAX_AGE: '' })).toMatchObject({
    refreshThresholdInMs: 30_000,
    passwordMaxAgeInMs: 86_400_000,
  })
})

test.each([
  ['KEY_VAULT_URL', ' HTTPS://Contoso.Vault.Azure.Net// ', 'https://contoso.vault.azure.net'],
  ['KEY_VAULT_URL', 'https://contoso.vault.usgovcloudapi.net/', 'https://contoso.vault.usgovcloudapi.net'],
  [
    'KEY_VAULT_URL',
    'https://contoso.privatelink.vaultcore.azure.net',
    'https://contoso.privatelink.vaultcore.azure.net',
  ],
  ['KEY_VAULT_URL', '\uFEFFhttps://vault.example:8443\r\n', 'https://vault.example:8443'],
  [
    'TABLE_SERVICE_URL',
    'https://Contoso.table.core.chinacloudapi.cn/',
    'https://contoso.table.core.chinacloudapi.cn',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://contoso.z12.table.storage.azure.net/',
    'https://contoso.z12.table.storage.azure.net',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://10.0.0.4:10002/devstoreaccount1/',
    'https://10.0.0.4:10002/devstoreaccount1',
  ],
  [
    'DataStorage__queueServiceUri',
    'https://contoso.queue.core.windows.net:443/',
    REQUIRED.DataStorage__queueServiceUri,
  ],
])('%s as it is shown or typed, %j, is %s', (name, value, expected) => {
  const { keyVaultUrl, tableServiceUrl, queueServiceUrl } = readSettings({ ...REQUIRED, [name]: value })
  const urls = {
    KEY_VAULT_URL: keyVaultUrl,
    TABLE_SERVICE_URL: tableServiceUrl,
    DataStorage__queueServiceUri: queueServiceUrl,
  }
  expect(urls).toEqual({
    KEY_VAULT_URL: 'https://contoso.vault.azure.net',
    TABLE_SERVICE_URL: 'https://contoso.table.core.windows.net',
    DataStorage__queueServiceUri: 'https://contoso.queue.core.windows.net',
    [name]: expected,
  })
})

const SAS = 'sv=2024-11-04&ss=t&sig=c2lnbmF0dXJl'
const CONNECTION_STRING =
  'DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=a2V5;EndpointSuffix=core.windows.net'
test.each([
  [
    'KEY_VAULT_URL',
    'https://contoso.vault.azure.net/secrets',
    'must be the address of the vault service alone, without a path',
  ],
  [
    'KEY_VAULT_URL',
    'https://contoso.vault.azure.net/secrets/client-default/0123',
    'must be the address of the vault service alone, without a path',
  ],
  [
    'KEY_VAULT_URL',
    'https://contoso.managedhsm.azure.net',
    'must be the endpoint of the vault service, not of managedhsm',
  ],
  [
    'KEY_VAULT_URL',
    'https://contoso.table.core.windows.net',
    'must be the endpoint of the vault service, not of table',
  ],
  ['KEY_VAULT_URL', 'contoso.vault.azure.net', 'must be an https:// URL'],
  ['KEY_VAULT_URL', 'http://contoso.vault.azure.net', 'must be an https:// URL'],
  ['KEY_VAULT_URL', 'https://', 'must be an https:// URL'],
  ['KEY_VAULT_URL', '"https://contoso.vault.azure.net"', 'must not be in quotes'],
  ['KEY_VAULT_URL', '\u201Chttps://contoso.vault.azure.net\u201D', 'must not be in quotes'],
  ['KEY_VAULT_URL', 'https://me:pass@contoso.vault.azure.net', 'must hold no user name and no password'],
  [
    'TABLE_SERVICE_URL',
    `https://contoso.table.core.windows.net/?${SAS}`,
    'must end before the ?, without a SAS: the broker signs in as itself',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://contoso.blob.core.windows.net',
    'must be the endpoint of the table service, not of blob',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://contoso.privatelink.blob.core.windows.net',
    'must be the endpoint of the table service, not of blob',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://contoso.z12.queue.storage.azure.net',
    'must be the endpoint of the table service, not of queue',
  ],
  [
    'TABLE_SERVICE_URL',
    'https://contoso.table.core.windows.net/tokencache',
    'must be the address of the table service alone, without a path',
  ],
  [
    'TABLE_SERVICE_URL',
    CONNECTION_STRING,
    'must be the https:// URL of the table service, not a connection string',
  ],
  [
    'TABLE_SERVICE_URL',
    `TableEndpoint=https://contoso.table.core.windows.net/;SharedAccessSignature=${SAS}`,
    'must be the https:// URL of the table service, not a connection string',
  ],
  [
    'DataStorage__queueServiceUri',
    'https://contoso.queue.core.windows.net/refresh-chunks',
    'must be the address of the queue service alone, without a path',
  ],
  [
    'DataStorage__queueServiceUri',
    'https://contoso.table.core.windows.net',
    'must be the endpoint of the queue service, not of table',
  ],
  ['REFRESH_THRESHOLD', '1e3', 'must be a number of seconds'],
  ['REFRESH_THRESHOLD', '0x10', 'must be a number of seconds'],
  ['REFRESH_THRESHOLD', '600s', 'must be a number of seconds'],
  ['REFRESH_THRESHOLD', '1,5', 'must be a number of seconds'],
  ['REFRESH_THRESHOLD', 'Infinity', 'must be a number of seconds'],
  ['REFRESH_THRESHOLD', "'600'", 'must not be in quotes'],
  ['STORAGE_TIMEOUT', '00:00:03', 'must be a number of seconds'],
  ['STORAGE_TIMEOUT', '0.0004', 'must be at least 0.05 seconds'],
  ['REFRESH_CONCURRENCY', '0b1', 'must be a whole number'],
  ['REFRESH_CONCURRENCY', '1.5', 'must be a whole number'],
])('%s = %s is refused', (name, value, problem) => {
  expect(problemOf(name, value)).toBe(`${name} ${problem}`)
})

const NO_ORIGIN = 'PUBLIC_URL must be https:// and a host alone, such as https://broker.contoso.com'
test.each([
  'broker.contoso.com',
  'http://broker.contoso.com',
  'https://',
  'https://broker.contoso.com/api',
  'https://broker.contoso.com/?a=b',
  'https://broker.contoso.com/#a',
  'https://me@broker.contoso.com',
  'http://localhost.contoso.com',
  'http://127.0.0.1:7071',
])('PUBLIC_URL = %s is refused', (value) => {
  expect(problemOf('PUBLIC_URL', value)).toBe(NO_ORIGIN)
})

test("the broker's own address is an origin, without a slash, in lower case", () => {
  const { publicUrl } = readSettings({ ...REQUIRED, PUBLIC_URL: 'https://Broker.contoso.com:443/' })
  expect(publicUrl).toBe('https://broker.contoso.com')
})

test.each([
  ['the address that is set', { PUBLIC_URL: 'https://broker.contoso.com' }, 'https://broker.contoso.com'],
  ['the host name of the platform, if none is set', {}, 'https://app.azurewebsites.net'],
  [
    'over plain HTTP this machine alone, as Entra ID has it',
    { PUBLIC_URL: 'http://localhost:7071/' },
    'http://localhost:7071',
  ],
])('people are sent back to %s', (_, set, publicUrl) => {
  const environment = { ...REQUIRED, WEBSITE_HOSTNAME: 'App.azurewebsites.net', ...set }
  expect(readSettings(environment).publicUrl).toBe(publicUrl)
})

test('times are whole milliseconds, as timers want them', () => {
  expect(readSettings({ ...REQUIRED, STORAGE_TIMEOUT: '2.0005' }).storageTimeoutInMs).toBe(2001)
  expect(readSettings({ ...REQUIRED, REQUEST_DEADLINE: '1.1' }).requestDeadlineInMs).toBe(1100)
})

test.each([
  ['', 'REFRESH_SCHEDULE is missing'],
  [' ', 'REFRESH_SCHEDULE is missing'],
  ['%REFRESH%', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
  ['* * *', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
  ['60 * * * * *', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
  ['0 */0 * * * *', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
  ['@hourly', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
  ['"0 * * * * *"', 'REFRESH_SCHEDULE is no NCRONTAB schedule, such as 0 * * * * *'],
])('the schedule %j is a problem, and no reason to serve nobody', (schedule, problem) => {
  const { problems } = readSettings({ ...REQUIRED, REFRESH_SCHEDULE: schedule })
  expect(problems).toEqual([`${problem}: tokens are not refreshed before they are asked for`])
})

test.each([
  '0 * * * * *',
  ' */20 * * * * * ',
  '*/5 * * * *',
  '0 30 9-17/4 1,15 Jan-mar Mon-Friday',
  '0 5/25 * * * 0',
])('the schedule %j is one', (schedule) => {
  expect(readSettings({ ...REQUIRED, REFRESH_SCHEDULE: schedule }).problems).toEqual([])
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
  expect(rows.get('CONNECTION_IDLE_RENEWAL')).toBe(inSeconds(defaults.idleRenewalInMs))
  expect(rows.get('REQUEST_DEADLINE')).toBe(inSeconds(defaults.requestDeadlineInMs))
  expect(rows.get('STORAGE_TIMEOUT')).toBe(inSeconds(defaults.storageTimeoutInMs))
  expect(rows.get('IDENTITY_PROVIDER_TIMEOUT')).toBe(inSeconds(defaults.identityProviderTimeoutInMs))
  expect(rows.get('REFRESH_CONCURRENCY')).toBe(String(defaults.refreshConcurrency))
  expect(rows.get('REFRESH_FANOUT_ABOVE')).toBe(String(defaults.refreshFanoutAbove))
})
