import type { DemoConnection } from './demo/demo-connection.ts'
import { demoUser, mfaUser, refusedUsers } from './demo/demo-tenant.ts'

/** What `npm start` prints when the broker listens: how to get a token, and what to try next. */
export function bannerOf(url: string, folder: string, connection: DemoConnection | undefined): string {
  const { username, password } = demoUser
  const requestUrl = `${url}/requesttoken`
  const body = JSON.stringify(demoUser)
  const asUser = (user: string, fields: object = {}) =>
    `curl -s ${requestUrl} -u ${user} -H 'Content-Type: application/json' -d '${JSON.stringify(fields)}'`
  const connect = JSON.stringify({ grant: 'authorization_code', username: mfaUser.username })
  const byConnection = connection
    ? `\n  a connection       ${asUser(`${connection.name}:${connection.secret}`)}`
    : ''
  const others = Object.keys(refusedUsers)
  return `
The broker listens on ${url}. Everything it needs runs on this machine and is kept in ${folder}/.
Get a token (the second time it comes from the cache):

  curl -s ${requestUrl} -H 'Content-Type: application/json' -d '${body}'

in PowerShell:

  Invoke-RestMethod ${requestUrl} -Method Post -ContentType 'application/json' -Body '${body}'

What to try next:

  a wrong password   ${asUser(`${username}:wrong`)}
  an MFA account     ${asUser(`${mfaUser.username}:${password}`)}
  connect it         curl -s -X PUT ${url}/connections/mfa -H 'Content-Type: application/json' -d '${connect}'
                     then open its connect_url: the same password, and the code ${mfaUser.secondFactor}
  second profile     ${asUser(`${username}:${password}`, { client: 'confidential' })}${byConnection}
  is it ready?       curl -s ${url}/ready
  pretty output      … | node -p 'JSON.parse(fs.readFileSync(0))'
  other users        ${others.map((name) => `${name}@`).join(' ')} (the same password)
  the whole story    npm run demo
  log lines below    README.md, "Local use", says what they mean; --json shows them as they are
  all options        npm start -- --help

Ctrl-C ends everything.
`
}
