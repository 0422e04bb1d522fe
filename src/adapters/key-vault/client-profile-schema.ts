import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as z from 'zod'
import { CONNECTION_GRANTS } from '../../core/client-profile.ts'

const PUBLIC_CLOUD = 'https://login.microsoftonline.com'
/** Entra ID refuses passwords there (AADSTS9001023). */
const WITHOUT_PASSWORDS = ['common', 'consumers']

/** Names and addresses are pasted with what stands around them. */
const word = z
  .string({ error: 'must be a string' })
  .trim()
  .min(1, 'must not be empty')
  .regex(/^\S*$/, 'must not contain spaces or line ends')

const tenant = word
  .regex(/^[\w.-]*$/, 'must be a tenant id or a verified domain')
  .refine((name) => !WITHOUT_PASSWORDS.includes(name.toLowerCase()), 'must be one tenant, or organizations')

const AUTHORITY_FORM = 'must be https://<host>/<tenant>, with one tenant, or organizations'

const authority = word.transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const problem = url?.protocol === 'https:' ? authorityProblemOf(url) : 'must be https://<host>/<tenant>'
  if (url && problem === undefined) return `${url.origin}${pathOf(url)}`.toLowerCase()
  context.addIssue(problem ?? AUTHORITY_FORM)
  return z.NEVER
})

function authorityProblemOf(url: URL): string | undefined {
  if (url.hostname.endsWith('.b2clogin.com') || /\/(tfp\/|.*\/b2c_1a?_)/i.test(url.pathname)) {
    return 'is of Azure AD B2C, which is not supported: name a tenant of Entra ID'
  }
  if (url.hostname.endsWith('.ciamlogin.com')) {
    return 'is of Entra External ID, which is not supported: name a workforce tenant of Entra ID'
  }
  if (/^\/adfs(\/|$)/i.test(url.pathname)) {
    return 'is of AD FS, which is not supported: name the tenant of Entra ID that its accounts are synchronized to'
  }
  const isPlain = url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return isPlain && tenant.safeParse(pathOf(url).slice(1)).success ? undefined : AUTHORITY_FORM
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/$/, '')
}

/** Of the `/.default` that a resource may end in already, one is enough. */
const resource = word.transform((name) => name.replace(/\/\.default$/i, ''))

const certificate = z
  .strictObject({ privateKey: z.string(), certificate: z.string() })
  .refine(isKeyPair, 'must be a PEM certificate and its PEM private key')

/** The JSON of a `client-<profile>` secret. Messages name fields, never values. */
export const clientProfileSchema = z
  .strictObject({
    authority: authority.optional(),
    tenantId: tenant.optional(),
    clientId: word,
    scopes: z.array(word, { error: 'must be a list of strings' }).min(1, 'must not be empty').optional(),
    resource: resource.optional(),
    clientSecret: word.optional(),
    certificate: certificate.optional(),
    assertion: z.literal('managed_identity', { error: 'must be managed_identity' }).optional(),
    grants: z
      .array(z.enum(CONNECTION_GRANTS, { error: `must be one of ${CONNECTION_GRANTS.join(', ')}` }), {
        error: 'must be a list of strings',
      })
      .default([]),
  })
  .refine((p) => (p.authority === undefined) !== (p.tenantId === undefined), {
    error: 'exactly one of authority and tenantId is needed',
  })
  .refine((p) => (p.scopes === undefined) !== (p.resource === undefined), {
    error: 'exactly one of scopes and resource is needed',
  })
  .refine((p) => credentialsOf(p) <= 1, {
    error: 'at most one of clientSecret, certificate and assertion is allowed',
  })
  .transform(({ tenantId, resource, ...profile }) => ({
    ...profile,
    authority: profile.authority ?? `${PUBLIC_CLOUD}/${tenantId}`.toLowerCase(),
    // A resource that ends with a slash keeps it: `https://x//.default` is how v2.0 names the v1.0 resource `https://x/`.
    scopes: profile.scopes ?? [`${resource}/.default`],
  }))
  .refine((p) => !p.grants.includes('client_credentials') || credentialsOf(p) === 1, {
    error: 'grants has client_credentials: one of clientSecret, certificate and assertion is needed',
  })
  // AADSTS1002012: an application has the permissions that an administrator gave it, and asks for all of them.
  .refine((p) => !p.grants.includes('client_credentials') || isOneResource(p.scopes), {
    error: 'grants has client_credentials: name a resource, or one scope that ends in /.default',
  })
  // The account is told by its tenant, which must be one.
  .refine((p) => !(p.grants.length > 0 && p.authority.endsWith('/organizations')), {
    error: 'grants needs one tenant, not organizations',
  })

function credentialsOf(profile: {
  readonly clientSecret?: unknown
  readonly certificate?: unknown
  readonly assertion?: unknown
}): number {
  const { clientSecret, certificate: pair, assertion } = profile
  return [clientSecret, pair, assertion].filter((credential) => credential !== undefined).length
}

function isOneResource(scopes: readonly string[]): boolean {
  return scopes.length === 1 && scopes.every((scope) => scope.endsWith('/.default'))
}

function isKeyPair(pair: { privateKey: string; certificate: string }): boolean {
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.privateKey))
  } catch {
    return false
  }
}
