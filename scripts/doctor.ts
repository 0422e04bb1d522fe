// Looks at everything that a broker needs, and prints a table with a cure for each line that is not well; exit 1 when one fails.
// `npm run doctor -- --url https://<app>.azurewebsites.net`: the deployed one, with its master key in DOCTOR_KEY.
// `npm run doctor`: with the settings of this machine's environment, or of local.settings.json.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { composeOnce } from '../src/composition.ts'
import { BrokerError } from '../src/core/broker-error.ts'
import { doctorJsonOf } from '../src/http/doctor-response.ts'

type Report = ReturnType<typeof doctorJsonOf>

const address = addressIn(process.argv.slice(2))
try {
  const report = address ? await asked(address) : await examined()
  print(report)
  process.exitCode = report.ok ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}

/** Ends the process when the words are not understood. */
function addressIn(args: string[]): URL | undefined {
  try {
    const { url } = parseArgs({ args, options: { url: { type: 'string' } } }).values
    return url === undefined ? undefined : new URL('/doctor', url)
  } catch {
    console.error('Usage: npm run doctor [-- --url https://<app>.azurewebsites.net]')
    return process.exit(2)
  }
}

async function asked(address: URL): Promise<Report> {
  if (address.protocol !== 'https:' && address.hostname !== 'localhost') {
    throw new Error('The master key is sent over https alone, or to localhost.')
  }
  const response = await fetch(address, {
    headers: { 'x-functions-key': process.env['DOCTOR_KEY'] ?? '' },
    // The key is for this host and for no other.
    redirect: 'error',
  }).catch(() => {
    throw new Error(`${address.host} cannot be reached, or sends elsewhere.`)
  })
  if (response.status === 401) throw new Error('The key was refused. Put the master key into DOCTOR_KEY.')
  if (!response.ok)
    throw new Error(`The broker answered ${response.status}: it is older, or the address is wrong.`)
  const report = (await response.json().catch(() => undefined)) as Report | undefined
  if (!report?.checks?.length) throw new Error('That is no answer of the broker: the address is wrong.')
  return report
}

async function examined(): Promise<Report> {
  const file = await readFile('local.settings.json', 'utf8').catch(() => '{}')
  const { Values: settings = {} } = JSON.parse(file) as { Values?: Record<string, string> }
  Object.assign(process.env, { ...settings, ...process.env })
  try {
    const { doctor } = composeOnce(process.env, { now: Date.now, elapsed: () => performance.now() })().doctor
    return doctorJsonOf(await doctor())
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    const { logDetail: detail } = error.details
    return doctorJsonOf([{ check: 'settings', status: 'failed', kind: 'misconfigured', detail }])
  }
}

function print({ checks }: Report): void {
  for (const { check, status, finding, aadsts, detail, remedy } of checks) {
    const what = [finding, aadsts && `AADSTS${aadsts}`, detail].filter(Boolean).join(', ')
    console.log(`${status.replace('_', ' ').padEnd(9)}  ${check.padEnd(14)}  ${what}`)
    if (remedy !== undefined) console.log(`${' '.repeat(27)}${remedy}`)
  }
}
