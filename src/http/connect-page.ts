import type { HttpResponseInit } from '@azure/functions'
import type { ConnectPage } from '../core/connection/sign-ins.ts'
import { connectRemedyOf } from './aadsts-remedies.ts'
import { connectStyle, connectStyleHash } from './connect-style.generated.ts'

/** No script, no picture, nothing from anywhere else, and in nobody's frame. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src '${connectStyleHash}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // `no-referrer` would take the Origin of the form away, which is checked.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

/** What the page says of a sign-in that has come back; by the last part of its address. */
const PROBLEMS: Readonly<Record<string, string>> = {
  expired:
    'That sign-in took too long, was used before, or began in another browser. Nothing was changed. Begin again here.',
  wrong_account:
    'Somebody else signed in than this connection is for. Nothing was changed. Begin again, and choose the account that is named below.',
  refused: 'Entra ID gave no token for that sign-in. Nothing was changed.',
  unavailable:
    'Entra ID, or a service that the broker needs, did not answer. Nothing was changed. Try again later.',
  not_stored: 'The sign-in worked, but its tokens could not be stored. Try again later.',
}

const REFUSED = /^refused-(\d{1,10})$/

/** Whether a page with such an ending exists. */
export function isOutcome(text: string): boolean {
  return text === 'connected' || Object.hasOwn(PROBLEMS, text) || REFUSED.test(text)
}

/** What there is to connect, what became of the last sign-in, and the form that begins one. */
export function connectPageOf({ view, profile }: ConnectPage, outcome: string | undefined): HttpResponseInit {
  const { name, username = '', owner = '', state } = view
  const details = [
    ['Connection', name],
    ['Account that must sign in', username],
    ['Application', profile.clientId],
    ['Access to', profile.scopes.join(' ')],
    ['Owner', owner],
    ['State', stateOf(view)],
  ].filter(([, text]) => text !== '')
  const isConnected = state === 'connected'
  return htmlResponse(
    200,
    `Connect ${name}`,
    `${noticeOf(outcome, isConnected)}
<dl>${details.map(([term = '', text = '']) => `<dt>${escaped(term)}</dt><dd>${escaped(text)}</dd>`).join('')}</dl>
<p>Who holds the secret of this connection acts as you: a flow that sends it gets tokens of this account for the access above, until the connection is deleted or the sign-in is revoked.</p>
<form method="post" action="/connect/${escaped(view.id)}">
<button type="submit">${isConnected ? 'Sign in again' : 'Continue to the sign-in'}</button>
</form>`,
  )
}

/** A form's answer may not lead to another site (`form-action` follows redirects in Chromium), so that a link does. */
export function signInLinkPage(name: string, url: string): HttpResponseInit {
  return htmlResponse(
    200,
    `Sign in to connect ${name}`,
    `<p>The sign-in is at Microsoft Entra ID, and comes back here. It must be finished in this browser within 15 minutes.</p>
<p><a class="go" href="${escaped(url)}" autofocus>Sign in</a></p>`,
  )
}

/** For what has no connection to be shown with: nothing of the request is in it. */
export function problemPage(status: number, text: string): HttpResponseInit {
  return htmlResponse(status, 'Nothing to connect', `<p class="notice" role="status">${escaped(text)}</p>`)
}

/** The words of an outcome that no connection is known for. */
export function problemOf(outcome: string): string {
  return PROBLEMS[outcome] ?? ''
}

function noticeOf(outcome: string | undefined, isConnected: boolean): string {
  if (outcome === undefined) return ''
  // Only what is stored is said to be connected, whoever wrote the address.
  if (outcome === 'connected') {
    return isConnected
      ? '<p class="notice good" role="status">Connected. The flow that sends this connection’s secret gets tokens now. This window can be closed.</p>'
      : ''
  }
  const [, code] = REFUSED.exec(outcome) ?? []
  const remedy = code === undefined ? undefined : connectRemedyOf(Number(code))
  const words = code === undefined ? problemOf(outcome) : problemOf('refused')
  const known = remedy === undefined ? '' : ` ${escaped(remedy)} (AADSTS${Number(code)})`
  return `<p class="notice" role="status">${escaped(words)}${known}</p>`
}

function stateOf({ state, connectedOnTimestamp = 0, dead }: ConnectPage['view']): string {
  const day = (timestamp: number) => new Date(timestamp).toISOString().slice(0, 16).replace('T', ' ')
  if (state === 'connected') return `connected since ${day(connectedOnTimestamp)} UTC`
  if (state === 'reconnect_required') return `ended on ${day(dead?.sinceTimestamp ?? 0)} UTC: sign in again`
  return state === 'pending' ? 'nobody has signed in yet' : 'its tokens cannot be read at the moment'
}

function htmlResponse(status: number, title: string, body: string): HttpResponseInit {
  return {
    status,
    headers: HEADERS,
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${connectStyle}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${body}
</main>
</body>
</html>
`,
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '')
}
