/**
 * Breaks the code in thousands of small ways, and lists those that no test of the same folder notices.
 * `npm run mutation`: all of `src/core`, `src/crypto` and `src/http`. `npm run mutation -- core/entry http/error-response.ts`: these.
 * What has not changed since the last run is not run again; the reports are in `.local/mutation`. MUTATION_CONCURRENCY: how many
 * mutants at once, 2 if absent. Fails when fewer than 90 % are killed.
 */
import { Stryker } from '@stryker-mutator/core'

const FOLDERS = ['core', 'crypto', 'http']
/** Of all mutants, in percent. */
const LEAST_KILLED = 90

const paths = process.argv.length > 2 ? process.argv.slice(2) : FOLDERS
const folderOf = (path: string) => path.split('/')[0] ?? ''
const mutateOf = (path: string) => `src/${path.endsWith('.ts') ? path : `${path}/**/*.ts`}`

const foreign = paths.find((path) => !FOLDERS.includes(folderOf(path)))
if (foreign !== undefined) {
  console.error(`${foreign} is not in ${FOLDERS.join(', ')}: name what lies under src, such as core/entry.`)
  process.exit(1)
}

for (const folder of FOLDERS) {
  const own = paths.filter((path) => folderOf(path) === folder)
  if (own.length === 0) continue
  const reports = `.local/mutation/${folder}`
  await new Stryker({
    mutate: own.map(mutateOf),
    testRunner: 'jest',
    testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    jest: {
      configFile: 'jest.config.json',
      config: {
        testMatch: [`<rootDir>/test/${folder}/**/*.test.ts`],
        // A mutant that keeps a test waiting is a dead one.
        testTimeout: 10_000,
      },
      enableFindRelatedTests: true,
    },
    coverageAnalysis: 'perTest',
    concurrency: Number(process.env['MUTATION_CONCURRENCY'] ?? 2),
    timeoutMS: 10_000,
    // TypeScript 7 has no JavaScript API to rewrite the file with, and jest does not read it.
    tsconfigFile: 'none',
    // What the copy does not hold jest need not look through, for each mutant again.
    ignorePatterns: [
      '**',
      '!*.json',
      '!src/**/*',
      `!test/${folder}/**/*`,
      '!test/support/**/*',
      '!local/**/*',
    ],
    tempDirName: `.local/stryker/${folder}`,
    incremental: true,
    incrementalFile: `${reports}.incremental.json`,
    reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
    clearTextReporter: { allowColor: false, allowEmojis: false, logTests: false },
    htmlReporter: { fileName: `${reports}.html` },
    jsonReporter: { fileName: `${reports}.json` },
    thresholds: { high: 100, low: LEAST_KILLED, break: LEAST_KILLED },
    allowConsoleColors: false,
  }).runMutationTest()
}
