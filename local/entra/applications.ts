import { createPublicKey, X509Certificate } from 'node:crypto'
import { decodeJwt, errors, jwtVerify } from 'jose'
import { AadstsError } from './aadsts-error.ts'

export interface ApplicationOptions {
  readonly clientId: string
  /** A GUID. Default: the emulator's first tenant. */
  readonly tenantId?: string | undefined
  /** "Allow public client flows": whether it may sign users in without proving who it is. */
  readonly publicClientFlows: boolean
  readonly clientSecret?: string | undefined
  /** An AADSTS code: what its own tokens are refused with. */
  readonly failWith?: number | undefined
  /** Where codes may be sent to. On http://localhost the port does not matter. */
  readonly redirectUris?: readonly string[] | undefined
  /** The subject of a managed identity's token that it may prove itself with: a federated credential. */
  readonly federatedSubject?: string | undefined
  /** The certificate, or the bare public key, that its assertions are verified with. */
  readonly certificatePem?: string | undefined
  /** What it may ask for tokens of. Default: the emulator's example resources. */
  readonly resources?: readonly string[] | undefined
}

export interface Application extends Omit<ApplicationOptions, 'tenantId' | 'resources'> {
  readonly tenantId: string
  readonly resources: readonly string[]
}

/** The tenant of the examples. */
export const contosoTenantId = '72f988bf-0000-4000-8000-2d7cd011db47'

/** Of a token that a federated credential takes. */
const FEDERATED_AUDIENCE = 'api://AzureADTokenExchange'

/** A Dynamics 365 environment, as in the predecessor's examples, and Microsoft Graph. */
const exampleResources = ['https://contoso.crm.dynamics.com', 'https://graph.microsoft.com']

export interface EntraApplications {
  readonly setApplication: (options: ApplicationOptions) => void
  /** @throws {AadstsError} 90002 for a tenant that has no application; `organizations` stands for any. */
  readonly assertTenant: (tenant: string) => void
  /** @throws {AadstsError} 700016. */
  readonly find: (clientId: string, tenant: string) => Application
  /**
   * Client authentication (RFC 6749 section 2.3, RFC 7523).
   *
   * @returns the application, and whether it proved who it is.
   * @throws {AadstsError} 700016, 7000215, 700027, 7000218.
   */
  authenticate(
    form: URLSearchParams,
    tenant: string,
    tokenEndpoint: string,
  ): Promise<{ application: Application; isConfidential: boolean }>
}

const keyOf = (pem: string) =>
  pem.includes('CERTIFICATE') ? new X509Certificate(pem).publicKey : createPublicKey(pem)

export function createEntraApplications(now: () => number): EntraApplications {
  const applications = new Map<string, Application>()

  /** The managed-identity emulator's tokens are signed with a key of its own, as a foreign issuer's are: here, the claims are read. */
  function isFederated({ federatedSubject }: Application, assertion: string): boolean {
    if (federatedSubject === undefined) return false
    try {
      const { sub, aud } = decodeJwt(assertion)
      return sub === federatedSubject && aud === FEDERATED_AUDIENCE
    } catch (error) {
      if (error instanceof errors.JOSEError) return false
      throw error
    }
  }

  async function isAssertionGood(
    application: Application,
    assertion: string,
    audience: string,
  ): Promise<boolean> {
    if (isFederated(application, assertion)) return true
    if (!application.certificatePem) return false
    try {
      await jwtVerify(assertion, keyOf(application.certificatePem), {
        audience,
        issuer: application.clientId,
        subject: application.clientId,
        currentDate: new Date(now()),
        // The client's clock is the machine's; the emulator's may be a test's.
        clockTolerance: '100 years',
      })
      return true
    } catch (error) {
      if (error instanceof errors.JOSEError) return false
      throw error
    }
  }

  function find(clientId: string, tenant: string): Application {
    const application = applications.get(clientId)
    if (application && (tenant === 'organizations' || application.tenantId === tenant)) return application
    throw new AadstsError(700016, { clientId, tenant })
  }

  return {
    find,
    setApplication: (options) => {
      applications.set(options.clientId, {
        ...options,
        tenantId: options.tenantId ?? contosoTenantId,
        resources: options.resources ?? exampleResources,
      })
    },
    assertTenant: (tenant) => {
      if (tenant === 'organizations') return
      if (![...applications.values()].some(({ tenantId }) => tenantId === tenant)) {
        throw new AadstsError(90002, { tenant })
      }
    },
    authenticate: async (form, tenant, tokenEndpoint) => {
      const clientId = form.get('client_id') ?? ''
      const application = find(clientId, tenant)
      const secret = form.get('client_secret')
      const assertion = form.get('client_assertion')
      if (secret !== null) {
        if (secret !== application.clientSecret) throw new AadstsError(7000215, { clientId })
        return { application, isConfidential: true }
      }
      if (assertion !== null) {
        if (!(await isAssertionGood(application, assertion, tokenEndpoint)))
          throw new AadstsError(700027, { clientId })
        return { application, isConfidential: true }
      }
      if (!application.publicClientFlows) throw new AadstsError(7000218, { clientId })
      return { application, isConfidential: false }
    },
  }
}
