// Compiles and lints every Bicep file, and writes infra/azuredeploy.json, the template behind the Deploy-to-Azure button.
// With --check: fails when the committed infra/azuredeploy.json is not what the Bicep files compile to.
// Exits with 69 when the Bicep CLI cannot be had: nothing was checked then.
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bicepCommandLine, BICEP_VERSION } from './bicep-command-line.ts'

const root = join(import.meta.dirname, '..')
const infra = join(root, 'infra')
const committedFile = join(infra, 'azuredeploy.json')
/** `EX_UNAVAILABLE` of sysexits.h. */
const NO_BICEP = 69
const isCheckOnly = process.argv.includes('--check')

const bicep = await bicepCommandLine(join(root, 'node_modules', '.cache', 'bicep')).catch((error: Error) => {
  console.error(error.message)
  process.exit(NO_BICEP)
})
const files = (await readdir(infra, { recursive: true })).filter((name) => name.endsWith('.bicep')).toSorted()
const startTime = performance.now()
const workFolder = await mkdtemp(join(tmpdir(), 'bicep-'))
try {
  const problems = [...(await lint()), ...(await unformatted())]
  problems.forEach((problem) => console.error(problem))
  const outcome = problems.length > 0 ? 'has problems' : await compared()
  const seconds = ((performance.now() - startTime) / 1000).toFixed(1)
  console.log(
    `Bicep ${BICEP_VERSION}, ${files.length} files, ${seconds} s: infra/azuredeploy.json ${outcome}`,
  )
  if (outcome === 'is stale' || outcome === 'has problems') process.exitCode = 1
} finally {
  await rm(workFolder, { recursive: true })
}

/** Everything that the compiler and its linter say, warnings included, once each. */
async function lint(): Promise<readonly string[]> {
  const said = await run([...bicep, 'lint', '--pattern', 'infra/**/*.bicep'])
  return [...new Set(said.split('\n').filter((line) => line.trim() !== ''))]
}

async function unformatted(): Promise<readonly string[]> {
  const copy = join(workFolder, 'infra')
  await cp(infra, copy, { recursive: true })
  await run([...bicep, 'format', '--pattern', '**/*.bicep'], copy)
  const differs = await Promise.all(
    files.map(async (name) => {
      const [ours, formatted] = await Promise.all([infra, copy].map((folder) => readFile(join(folder, name))))
      return ours?.equals(formatted ?? Buffer.of()) === false
    }),
  )
  return files.filter((_, i) => differs[i]).map((name) => `infra/${name}: not as bicep format writes it`)
}

async function compared(): Promise<'is up to date' | 'is stale' | 'is written'> {
  const outfile = join(workFolder, 'azuredeploy.json')
  const said = await run([...bicep, 'build', join(infra, 'main.bicep'), '--outfile', outfile])
  if (said.trim() !== '') throw new Error(said)
  const compiled = `${(await readFile(outfile, 'utf8')).replaceAll('\r\n', '\n').trimEnd()}\n`
  const committed = await readFile(committedFile, 'utf8').catch(() => '')
  if (committed === compiled) return 'is up to date'
  if (isCheckOnly) return 'is stale'
  await writeFile(committedFile, compiled)
  return 'is written'
}

/** @returns all that it said. The compiler's exit code says less than its words: it is 0 for warnings. */
async function run(command: readonly string[], cwd = root): Promise<string> {
  const [program = '', ...args] = command
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd })
    return `${stdout}${stderr}`
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    if (stdout === '' && stderr === '') throw error
    return `${stdout}${stderr}`
  }
}
