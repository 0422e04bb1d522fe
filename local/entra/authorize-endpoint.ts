import { createHash, randomUUID } from 'node:crypto'
import { AadstsError, answerOf } from './aadsts-error.ts'
import type { Application, EntraApplications } from './applications.ts'
import type { EntraDirectory } from './directory.ts'
import type { EntraTokens } from './tokens.ts'

/** What the browser is shown: a page of the emulator's, or a form that posts itself to the application. */
export interface AuthorizeAnswer {
  readonly status: number
  readonly html: string
}

export interface AuthorizeEndpoint {
  /** The sign-in page. */
  readonly show: (query: URLSearchParams, tenant: string) => AuthorizeAnswer
  /** What somebody did on it. */
  readonly submit: (query: URLSearchParams, form: URLSearchParams, tenant: string) => Promise<AuthorizeAnswer>
}

export interface AuthorizeEndpointOptions {
  readonly directory: EntraDirectory
  readonly applications: EntraApplications
  readonly tokens: EntraTokens
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** An authorization request (RFC 6749, section 4.1.1), as far as the emulator reads it. */
interface AuthorizationRequest {
  readonly application: Application
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeChallenge: string
  readonly scope: string
}

/** `GET` and `POST /{tenant}/oauth2/v2.0/authorize` with `response_mode=form_post` and PKCE, as Entra's endpoint behaves. */
export function createAuthorizeEndpoint(options: AuthorizeEndpointOptions): AuthorizeEndpoint {
  const { directory, applications, tokens, now } = options

  /** @throws {AadstsError} which is shown to the person: nothing may be sent to an address that is not the application's. */
  function requestOf(query: URLSearchParams, tenant: string): AuthorizationRequest {
    const required = (parameter: string): string => {
      const value = query.get(parameter)
      if (!value) throw new AadstsError(900144, { parameter })
      return value
    }
    applications.assertTenant(tenant)
    const application = applications.find(required('client_id'), tenant)
    const redirectUri = required('redirect_uri')
    if (!(application.redirectUris ?? []).some((known) => isSameAddress(known, redirectUri))) {
      throw new AadstsError(50011, { clientId: application.clientId, parameter: redirectUri })
    }
    if (required('response_type') !== 'code') throw new AadstsError(700054)
    if (required('response_mode') !== 'form_post')
      throw new AadstsError(900144, { parameter: 'response_mode' })
    if (required('code_challenge_method') !== 'S256')
      throw new AadstsError(900144, { parameter: 'code_challenge_method' })
    return {
      application,
      redirectUri,
      state: required('state'),
      nonce: required('nonce'),
      codeChallenge: required('code_challenge'),
      scope: required('scope'),
    }
  }

  function shown(error: AadstsError): AuthorizeAnswer {
    const { body } = answerOf(error, randomUUID(), now())
    return {
      status: 400,
      html: page('Sign in', `<p role="alert">${escaped(String(body['error_description']))}</p>`),
    }
  }

  function signInPage(query: URLSearchParams, problem = ''): AuthorizeAnswer {
    const username = escaped(query.get('login_hint') ?? '')
    return {
      status: 200,
      html: page(
        'Sign in to your account',
        `${problem && `<p role="alert">${escaped(problem)}</p>`}
<form method="post" action="?${escaped(query.toString())}">
<p><label>User name <input name="username" value="${username}" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><label>Code of your authenticator <input name="code" inputmode="numeric" autocomplete="one-time-code"></label></p>
<p><button name="action" value="accept">Sign in and consent</button>
<button name="action" value="cancel" formnovalidate>Cancel</button></p>
</form>`,
      ),
    }
  }

  return {
    show(query, tenant) {
      try {
        requestOf(query, tenant)
        return signInPage(query)
      } catch (error) {
        if (error instanceof AadstsError) return shown(error)
        throw error
      }
    },

    async submit(query, form, tenant) {
      let request: AuthorizationRequest
      try {
        request = requestOf(query, tenant)
      } catch (error) {
        if (error instanceof AadstsError) return shown(error)
        throw error
      }
      const { state, redirectUri, application, nonce, codeChallenge } = request
      if (form.get('action') === 'cancel') {
        const { body } = answerOf(new AadstsError(65004), randomUUID(), now())
        return postedTo(redirectUri, {
          error: 'access_denied',
          error_description: String(body['error_description']),
          state,
        })
      }
      try {
        const user = directory.signInInteractively(
          form.get('username') ?? '',
          form.get('password') ?? '',
          form.get('code') ?? '',
          tenant,
        )
        const code = await tokens.sealCode({
          id: randomUUID(),
          username: user.username,
          clientId: application.clientId,
          redirectUri,
          nonce,
          codeChallenge,
          issuedAt: now(),
        })
        return postedTo(redirectUri, { code, state, session_state: randomUUID() })
      } catch (error) {
        if (!(error instanceof AadstsError)) throw error
        const { body } = answerOf(error, randomUUID(), now())
        return signInPage(query, String(body['error_description']))
      }
    },
  }
}

/** S256 of RFC 7636, section 4.2. */
export function codeChallengeOf(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url')
}

/** RFC 8252, section 7.3: on the person's own machine, any port. */
function isSameAddress(known: string, asked: string): boolean {
  if (known === asked) return true
  if (!URL.canParse(known) || !URL.canParse(asked)) return false
  const [a, b] = [new URL(known), new URL(asked)]
  const isLocal = (url: URL) => url.protocol === 'http:' && url.hostname === 'localhost'
  return isLocal(a) && isLocal(b) && a.pathname === b.pathname && b.search === ''
}

/** With a button for browsers without script. */
function postedTo(address: string, fields: Readonly<Record<string, string>>): AuthorizeAnswer {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`,
  )
  return {
    status: 200,
    html: page(
      'Working …',
      `<form method="post" action="${escaped(address)}">${inputs.join('')}<noscript><button>Continue</button></noscript></form>
<script>document.forms[0].submit()</script>`,
    ),
  }
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title></head><body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
