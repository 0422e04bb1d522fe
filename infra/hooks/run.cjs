// Runs a script of this repository with a Node.js that runs TypeScript. Written so that any Node.js can say what is missing.
'use strict'
const { spawnSync } = require('child_process')
const { existsSync } = require('fs')
const { join } = require('path')

const root = join(__dirname, '..', '..')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const own = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (!existsSync(join(root, 'node_modules', 'zod'))) {
  stop('The dependencies are not installed. Run this in the folder of azure.yaml, then try again: npm ci')
}
// 22.18 is the first of its line that runs TypeScript as it is.
const runsTypeScript = major > 22 || (major === 22 && minor >= 18)
if (!existsSync(own) && !runsTypeScript) {
  stop(
    'Node.js ' +
      process.versions.node +
      ' is too old: 22.18 or later is needed. Install it from https://nodejs.org',
  )
}

const { status, error } = spawnSync(
  existsSync(own) ? own : process.execPath,
  [join(root, String(process.argv[2]))],
  { stdio: 'inherit' },
)
if (error) stop(error.message)
process.exitCode = status === null ? 1 : status

function stop(message) {
  process.stderr.write(message + '\n')
  process.exit(1)
}
