import { createPrivateKey, X509Certificate } from 'node:crypto'
import * as z from 'zod'

const PUBLIC_CLOUD = 'https://login.microsoftonline.com'
/** Entra ID refuses passwords there (AADSTS9001023). */
const WITHOUT_PASSWORDS = ['common', 'consumers']

const tenant = z
  .string()
  .regex(/^[\w.-]+$/, 'must be a tenant id or a verified domain')
  .refine((name) => !WITHOUT_PASSWORDS.includes(name.toLowerCase()), 'must be one tenant, or organizations')

const authority = z
  .url({ protocol: /^https$/, error: 'must be https://<host>/<tenant>' })
  .transform((url) => url.replace(/\/$/, ''))
  .refine((url) => {
    const { pathname, search, hash } = new URL(url)
    return tenant.safeParse(pathname.slice(1)).success && search === '' && hash === ''
  }, 'must be https://<host>/<tenant>, with one tenant, or organizations')

const certificate = z
  .strictObject({ privateKey: z.string(), certificate: z.string() })
  .refine(isKeyPair, 'must be a PEM certificate and its PEM private key')

const text = z.string({ error: 'must be a string' }).min(1, 'must not be empty')

/** The JSON of a `client-<profile>` secret. Messages name fields, never values. */
export const clientProfileSchema = z
  .strictObject({
    authority: authority.optional(),
    tenantId: tenant.optional(),
    clientId: text,
    scopes: z.array(text, { error: 'must be a list of strings' }).min(1, 'must not be empty').optional(),
    resource: text.optional(),
    clientSecret: text.optional(),
    certificate: certificate.optional(),
  })
  .refine((p) => (p.authority === undefined) !== (p.tenantId === undefined), {
    error: 'exactly one of authority and tenantId is needed',
  })
  .refine((p) => (p.scopes === undefined) !== (p.resource === undefined), {
    error: 'exactly one of scopes and resource is needed',
  })
  .refine((p) => p.clientSecret === undefined || p.certificate === undefined, {
    error: 'at most one of clientSecret and certificate is allowed',
  })
  .transform(({ tenantId, resource, ...profile }) => ({
    ...profile,
    authority: (profile.authority ?? `${PUBLIC_CLOUD}/${tenantId}`).toLowerCase(),
    // A resource that ends with a slash keeps it: `https://x//.default` is how v2.0 names the v1.0 resource `https://x/`.
    scopes: profile.scopes ?? [`${resource}/.default`],
  }))

function isKeyPair(pair: { privateKey: string; certificate: string }): boolean {
  try {
    return new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.privateKey))
  } catch {
    return false
  }
}
