import { expect, test } from '@jest/globals'
import { clientProfileSchema } from '../../src/adapters/key-vault/client-profile-schema.ts'
import { isMeantAsProfile, profileJsonOf } from '../../src/adapters/key-vault/profile-json.ts'

const PROFILE = { tenantId: 'contoso.com', clientId: 'c', resource: 'https://graph.microsoft.com' }
const TEXT = '{"clientId": "S3cret"}'

const problemsOf = (change: Record<string, unknown>) =>
  clientProfileSchema
    .safeParse({ ...PROFILE, ...change })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trimStart())

test.each([
  ['a byte order mark', `\uFEFF${TEXT}`],
  ['line ends around it', `\r\n ${TEXT}\r\n`],
])('%s does not matter', (_, text) => {
  expect(profileJsonOf(text)).toEqual({ value: { clientId: 'S3cret' } })
})

test.each([
  ['UTF-16', Buffer.from(TEXT, 'utf16le').toString(), 'is in UTF-16: save it as UTF-8'],
  [
    'UTF-16 with its mark',
    Buffer.from(`\uFEFF${TEXT}`, 'utf16le').toString(),
    'is in UTF-16: save it as UTF-8',
  ],
  ['double quotes around it', `"${TEXT}"`, 'is in quotes: save the JSON without those around it'],
  ['single quotes around it', `'${TEXT}'`, 'is in quotes: save the JSON without those around it'],
  [
    'typographic quotes around it',
    `\u201C${TEXT}\u201D`,
    'is in quotes: save the JSON without those around it',
  ],
  ['JSON in a JSON string', JSON.stringify(TEXT), 'is in quotes: save the JSON without those around it'],
  [
    'typographic quotes',
    '{\u201CclientId\u201D: \u201CS3cret\u201D}',
    'is not JSON: it has typographic quotes, use straight ones (")',
  ],
  [
    'a comma too many',
    '{"clientId": "S3cret",\r\n}',
    'is not JSON: take out the comma before a closing bracket',
  ],
  [
    'a comma too many in a list',
    '{"scopes": ["S3cret",]}',
    'is not JSON: take out the comma before a closing bracket',
  ],
  ['single quotes', "{'clientId': 'S3cret'}", 'is not JSON: use double quotes (")'],
  ['half of it', '{"clientId": "S3cret"', 'is not JSON'],
])('%s: the cure is named, and nothing of the text', (_, text, problem) => {
  expect(profileJsonOf(text)).toEqual({ problem })
  expect(isMeantAsProfile(text)).toBe(true)
})

test.each(['', ' \n', '\uFEFF'])('%j is empty', (text) => {
  expect(profileJsonOf(text)).toEqual({ problem: 'is empty: put the JSON of the profile into it' })
})

test.each(['S3cret', '"S3cret"', '["S3cret"]', '5'])("%s is another program's secret", (text) => {
  expect(isMeantAsProfile(text)).toBe(false)
})

test.each([
  ['https://login.microsoftonline.us/contoso.com'],
  ['https://login.partner.microsoftonline.cn/contoso.com'],
  ['https://login.windows.net/contoso.com'],
])('the authority %s is accepted', (authority) => {
  expect(clientProfileSchema.parse({ ...PROFILE, tenantId: undefined, authority })).toMatchObject({
    authority,
  })
})

test.each([
  [' HTTPS://Login.MicrosoftOnline.com/Contoso.com/\r\n', 'https://login.microsoftonline.com/contoso.com'],
  ['https://login.microsoftonline.com:443/organizations', 'https://login.microsoftonline.com/organizations'],
])('the authority %j is %s', (pasted, authority) => {
  expect(clientProfileSchema.parse({ ...PROFILE, tenantId: undefined, authority: pasted })).toMatchObject({
    authority,
  })
})

const ADFS =
  'authority is of AD FS, which is not supported: name the tenant of Entra ID that its accounts are synchronized to'
const B2C = 'authority is of Azure AD B2C, which is not supported: name a tenant of Entra ID'
const CIAM = 'authority is of Entra External ID, which is not supported: name a workforce tenant of Entra ID'
const FORM = 'authority must be https://<host>/<tenant>, with one tenant, or organizations'
test.each([
  ['https://sts.contoso.com/adfs', ADFS],
  ['https://sts.contoso.com/ADFS/', ADFS],
  ['https://sts.contoso.com/adfs/oauth2/token', ADFS],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_ropc', B2C],
  ['https://contoso.b2clogin.com/contoso.onmicrosoft.com', B2C],
  ['https://login.contoso.com/tfp/contoso.onmicrosoft.com/B2C_1_ropc', B2C],
  ['https://login.contoso.com/contoso.onmicrosoft.com/B2C_1A_ropc', B2C],
  ['https://contoso.ciamlogin.com/contoso.onmicrosoft.com', CIAM],
  ['https://Contoso.CIAMlogin.com', CIAM],
  ['https://login.microsoftonline.com', FORM],
  ['https://login.microsoftonline.com/contoso.com/v2.0', FORM],
  ['https://login.microsoftonline.com/contoso.com?x=S3cret', FORM],
  ['https://me:S3cret@login.microsoftonline.com/contoso.com', FORM],
  ['login.microsoftonline.com/contoso.com', 'authority must be https://<host>/<tenant>'],
])('the authority %s is refused: %s', (authority, problem) => {
  expect(problemsOf({ tenantId: undefined, authority })).toEqual([problem])
})

test.each([
  ['https://graph.microsoft.com', 'https://graph.microsoft.com/.default'],
  [' https://graph.microsoft.com/.default\n', 'https://graph.microsoft.com/.default'],
  // v2.0 names a v1.0 resource that ends with a slash so.
  ['https://management.azure.com/', 'https://management.azure.com//.default'],
  ['https://management.azure.com//.default', 'https://management.azure.com//.default'],
  ['0f3c7d2a-0000-0000-0000-000000000000', '0f3c7d2a-0000-0000-0000-000000000000/.default'],
])('the resource %j is the scope %s', (resource, scope) => {
  expect(clientProfileSchema.parse({ ...PROFILE, resource }).scopes).toEqual([scope])
})

test.each([
  [
    'resource',
    { resource: 'https://graph.microsoft.com/\nS3cret' },
    'resource must not contain spaces or line ends',
  ],
  [
    'a scope',
    { resource: undefined, scopes: ['User.Read S3cret'] },
    'scopes.0 must not contain spaces or line ends',
  ],
  ['a secret', { clientSecret: 'S3cret S3cret' }, 'clientSecret must not contain spaces or line ends'],
  ['an empty scope', { resource: undefined, scopes: [' '] }, 'scopes.0 must not be empty'],
])('white space inside %s is refused, by field', (_, change, problem) => {
  expect(problemsOf(change)).toEqual([problem])
})

test('white space around names and secrets does not matter', () => {
  const pasted = {
    tenantId: ' Contoso.com\n',
    clientId: 'c\r\n',
    resource: undefined,
    scopes: [' User.Read '],
    clientSecret: 's\n',
  }
  expect(clientProfileSchema.parse(pasted)).toEqual({
    authority: 'https://login.microsoftonline.com/contoso.com',
    clientId: 'c',
    scopes: ['User.Read'],
    clientSecret: 's',
    grants: [],
  })
})

const CREDENTIAL = 'grants has client_credentials: one of clientSecret, certificate and assertion is needed'
const ONE_RESOURCE = 'grants has client_credentials: name a resource, or one scope that ends in /.default'
const ONE_TENANT = 'grants needs one tenant, not organizations'
test.each<[string, Record<string, unknown>, string]>([
  ['an application without a credential', { grants: ['client_credentials'] }, CREDENTIAL],
  [
    'an application with a delegated scope',
    {
      grants: ['client_credentials'],
      clientSecret: 's',
      resource: undefined,
      scopes: ['https://r/User.Read'],
    },
    ONE_RESOURCE,
  ],
  [
    'an application with two resources',
    {
      grants: ['client_credentials'],
      clientSecret: 's',
      resource: undefined,
      scopes: ['https://r/.default', 'https://q/.default'],
    },
    ONE_RESOURCE,
  ],
  ['a person of any tenant', { grants: ['authorization_code'], tenantId: 'organizations' }, ONE_TENANT],
  [
    'a person of any tenant, in capitals',
    { grants: ['authorization_code'], tenantId: 'Organizations' },
    ONE_TENANT,
  ],
  [
    'a grant that is none',
    { grants: ['device_code'] },
    'grants.0 must be one of authorization_code, client_credentials',
  ],
  ['a text', { grants: 'authorization_code' }, 'grants must be a list of strings'],
  ['another assertion', { assertion: 'workload_identity' }, 'assertion must be managed_identity'],
  [
    'a secret beside the assertion',
    { assertion: 'managed_identity', clientSecret: 's' },
    'at most one of clientSecret, certificate and assertion is allowed',
  ],
])('%s may not be connected', (_, change, problem) => {
  expect(problemsOf(change)).toEqual([problem])
})

test('passwords may come from organizations, as ever', () => {
  expect(problemsOf({ tenantId: 'organizations' })).toBeUndefined()
})
