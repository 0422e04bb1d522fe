import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions } from 'esbuild'
import { minimalEnvironment } from '../local/process/child-process.ts'
import type { Emulators } from '../local/emulators.ts'
import { demoUser } from '../local/demo/demo-tenant.ts'
import type { Row } from './benchmark.ts'
import type { ColdStart } from './cold-start-host.ts'
import { withEmulators } from './emulators.ts'
import { medianOf } from './median.ts'

export const about =
  'A new process each time, with no compile cache, loads the bundle as it is deployed (dist/index.cjs), in turns with an app of one empty function and @azure/functions alone, bundled likewise, both in the local Functions host, which has loaded many modules of Node.js already. From the beginning of the process: the first answer of GET /health of both, and the first token, which is in the store: credential, keys, profile, row and hash, all for the first time.'

const ROUNDS = 9
const root = join(import.meta.dirname, '..')
/** Beside the other: Node.js looks for the package.json that says which kind of module it is. */
const bundles = { broker: join(root, 'dist', 'index.cjs'), empty: join(root, 'dist', 'empty.cjs') }

interface Start {
  readonly loadInMs: number
  readonly answeredInMs: number
}

export const run = (): Promise<readonly Row[]> => withEmulators(measure)

async function measure({ environment }: Emulators): Promise<readonly Row[]> {
  const loaded = await buildBoth()
  const health = (url: string) => fetch(`${url}/health`)
  const token = (url: string) =>
    fetch(`${url}/requesttoken`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(demoUser),
    })
  // Signs the user in, so that all others find the token in the store.
  await startOf(bundles.broker, environment, token)
  const starts: Record<'empty' | 'broker' | 'token', Start>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    starts.push({
      empty: await startOf(bundles.empty, environment, health),
      broker: await startOf(bundles.broker, environment, health),
      token: await startOf(bundles.broker, environment, token),
    })
  }
  await rm(bundles.empty)
  const middle = (app: 'empty' | 'broker' | 'token', time: keyof Start) => ({
    value: medianOf(starts.map((start) => start[app][time])),
    unit: 'ms',
  })
  const empty = 'an app with @azure/functions alone'
  return [
    {
      what: 'Cold start, load and registration',
      figure: middle('broker', 'loadInMs'),
      baseline: { ...middle('empty', 'loadInMs'), what: empty },
      goal: {
        bound: 'at most',
        ratio: 2,
        ifMissed: `What is loaded and evaluated beside it, by its share of the bundle: ${loaded}.`,
      },
    },
    {
      what: 'Cold start, until the first answer',
      figure: middle('broker', 'answeredInMs'),
      baseline: { ...middle('empty', 'answeredInMs'), what: empty },
    },
    {
      what: 'Cold start, until the first token',
      figure: middle('token', 'answeredInMs'),
      baseline: { ...middle('empty', 'answeredInMs'), what: `the first answer of ${empty}` },
    },
  ]
}

async function startOf(
  bundle: string,
  environment: Readonly<Record<string, string>>,
  ask: (url: string) => Promise<Response>,
): Promise<Start> {
  const startTime = performance.now()
  const child = fork(fileURLToPath(new URL('./cold-start-host.ts', import.meta.url)), [bundle], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
    env: {
      ...minimalEnvironment(process.env),
      ...environment,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      NODE_DISABLE_COMPILE_CACHE: '1',
    },
  })
  const [{ url, loadInMs }] = (await once(child, 'message')) as [ColdStart]
  const { status } = await ask(url)
  const answeredInMs = performance.now() - startTime
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
  if (status !== 200) throw new Error(`the first answer was ${status}`)
  return { loadInMs, answeredInMs }
}

/** The broker's by its own script, the other by the same rules. @returns the broker's largest parts. */
async function buildBoth(): Promise<string> {
  const script = fork(join(root, 'scripts', 'build.ts'), { cwd: root, execArgv: [], stdio: 'inherit' })
  const [code] = (await once(script, 'exit')) as [number | null]
  if (code !== 0) throw new Error('the bundle could not be built')
  const rules = {
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'cjs',
    external: ['@azure/functions-core', 'supports-color'],
    minifySyntax: true,
    logLevel: 'error',
  } satisfies BuildOptions
  await build({ ...rules, entryPoints: [join(import.meta.dirname, 'empty-app.ts')], outfile: bundles.empty })
  const { metafile } = await build({
    ...rules,
    entryPoints: [join(root, 'src', 'index.ts')],
    outdir: join(root, 'dist'),
    write: false,
    metafile: true,
  })
  const sizes: Record<string, number> = {}
  for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const [, part = 'src'] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
      sizes[part] = (sizes[part] ?? 0) + bytesInOutput
    }
  }
  return Object.entries(sizes)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 8)
    .map(([part, bytes]) => `${part} ${Math.round(bytes / 1024)} KiB`)
    .join(', ')
}
