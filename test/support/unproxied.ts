/** Before every test file: all that tests talk to is on this machine, where the developer's own proxy cannot reach it. */
for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']) {
  delete process.env[name]
  delete process.env[name.toLowerCase()]
}
