/**
 * Runs each test alone, and lists those that fail without the tests before them.
 * `npm run test:alone -- test/end-to-end`: of all files whose paths match, or of all there are.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

const folder = await mkdtemp(join(tmpdir(), 'tests-alone-'))

/** What came of the tests of the files whose names match; jest counts the others as pending. */
async function run(files: readonly string[], namePattern: string): Promise<Report> {
  const outputFile = join(folder, 'report.json')
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--json', '--silent']
  const args = [...jest, '--outputFile', outputFile, '--testNamePattern', namePattern, '--', ...files]
  await new Promise<void>((resolve) =>
    execFile(process.execPath, args, { maxBuffer: Infinity }, () => resolve()),
  )
  return JSON.parse(await readFile(outputFile, 'utf8')) as Report
}

const literally = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)

const { testResults } = await run(process.argv.slice(2), 'no test has this name')
for (const { name, assertionResults } of testResults) {
  for (const fullName of new Set(assertionResults.map((test) => test.fullName))) {
    const [alone] = (await run([literally(name)], `^${literally(fullName)}$`)).testResults
    const hasRun = alone?.assertionResults.some(({ status }) => status === 'passed')
    const hasFailed =
      alone?.message !== '' || alone.assertionResults.some(({ status }) => status === 'failed')
    if (hasRun && !hasFailed) continue
    process.exitCode = 1
    console.log(`${relative('', name)}: ${fullName}\n${hasRun || hasFailed ? alone?.message : 'has not run'}`)
  }
}
await rm(folder, { recursive: true })
