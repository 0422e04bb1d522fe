import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { demoSettings, tellDemoStory, type Step } from './demo/demo-story.ts'
import { startDemoWorld, type DemoWorld } from './demo/demo-world.ts'

/**
 * `npm run demo`: the whole story with real processes, in a folder and on ports of its own. The exit code is 0 when every step
 * was as told, 130 after Ctrl-C.
 */
const limitInMs = 60_000

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort())
const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(limitInMs)])

// Everything is on this machine, where the developer's own proxy cannot reach it.
for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY']) {
  delete process.env[name]
  delete process.env[name.toLowerCase()]
}

const startTime = performance.now()
const folder = await mkdtemp(join(tmpdir(), 'entra-token-broker-demo-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

let currentStep = 'Start'
let stepCount = 0
const step: Step = async (title, tell) => {
  signal.throwIfAborted()
  currentStep = title
  const [seen, result] = await tell()
  console.log(`✓ ${++stepCount}. ${title}: ${seen}`)
  return result
}

let world: DemoWorld | undefined
try {
  world = await startDemoWorld({ folder, settings: demoSettings })
  await tellDemoStory(world, step, signal)
  console.log(`All as told, in ${Math.round((performance.now() - startTime) / 1000)} s.`)
} catch (error) {
  process.exitCode = interrupted.signal.aborted ? 130 : 1
  if (interrupted.signal.aborted) console.error('Interrupted.')
  else {
    console.error(`✗ ${currentStep}:`, error)
    console.error(['The broker printed last:', ...(world?.lines.slice(-10) ?? [])].join('\n  '))
  }
} finally {
  await world?.close()
}
process.exit()
