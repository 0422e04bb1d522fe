/** Somebody in front of a browser: opens the link of a connection, signs in at Entra ID, and is sent back. */
export interface Person {
  readonly username: string
  readonly password: string
  /** The code of the authenticator. */
  readonly secondFactor: string
}

/**
 * What the browser of a person does, without one: this process must trust the emulators' certificate authority.
 *
 * @returns the address where the person ends up.
 */
export async function connectAs(person: Person, link: string): Promise<string> {
  const { origin } = new URL(link)
  const begun = await fetch(link, {
    method: 'POST',
    headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' },
  })
  const [cookie = ''] = (begun.headers.getSetCookie()[0] ?? '').split(';')
  const signInUrl = unescaped(/class="go" href="([^"]+)"/.exec(await begun.text())?.[1] ?? '')
  const form = {
    username: person.username,
    password: person.password,
    code: person.secondFactor,
    action: 'accept',
  }
  const answer = await fetch(signInUrl, { method: 'POST', body: new URLSearchParams(form) })
  const inputs = [...(await answer.text()).matchAll(/name="(\w+)" value="([^"]*)"/g)]
  const fields = inputs.map(([, name = '', value = '']): [string, string] => [name, unescaped(value)])
  const back = await fetch(`${origin}/connect/callback`, {
    method: 'POST',
    headers: { Cookie: cookie, Origin: new URL(signInUrl).origin },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
  return back.headers.get('location') ?? ''
}

function unescaped(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
