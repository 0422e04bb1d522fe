// Get a token with Node.js, and print it.
// BROKER_URL, BROKER_KEY, BROKER_USERNAME and BROKER_PASSWORD come from the environment.
// The password may be the secret of a connection: docs/connections.md.
const { BROKER_URL, BROKER_KEY = '', BROKER_USERNAME, BROKER_PASSWORD } = process.env

const response = await fetch(`${BROKER_URL}/requesttoken`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'x-functions-key': BROKER_KEY },
  body: JSON.stringify({ username: BROKER_USERNAME, password: BROKER_PASSWORD }),
  // The broker itself gives up after 20 seconds.
  signal: AbortSignal.timeout(110_000),
})
const text = await response.text()
if (response.ok) {
  console.log(JSON.parse(text).accesstoken)
} else {
  // JSON with `remedy`, but for the platform's own empty 401 (wrong key) and 404 (wrong address).
  console.error(text || `${response.status} ${response.statusText}`)
  process.exitCode = 1
}
