import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'ci-run-'))
// Fails one command, with a status: FAILING="run infra:check=69".
const NPM = '#!/bin/sh\n[ "$*" != "${FAILING%=*}" ] || exit "${FAILING#*=}"\n'
writeFileSync(join(folder, 'npm'), NPM, { mode: 0o755 })
// Installs nothing.
writeFileSync(join(folder, 'apt-get'), '#!/bin/sh\n', { mode: 0o755 })
afterAll(() => rmSync(folder, { recursive: true }))

const ALL =
  'npm ci, npm run check, npm run infra:check, npm run demo, npm run test:heavy, npm run test:browser, npm test'
const WITHOUT_BICEP =
  'npm ci, npm run check, npm run demo, npm run test:heavy, npm run test:browser, npm test'
const WITHOUT_BROWSER = 'npm ci, npm run check, npm run infra:check, npm run demo, npm run test:heavy'
const NO_BROWSER = 'npm run test:browser (there is no Chromium here)'
const NO_POWERSHELL = 'npm test of PowerShell (there is no PowerShell 7 here)'
const NO_BICEP = 'npm run infra:check (the Bicep CLI cannot be had here)'

test.each([
  ['everything holds', '', {}, 0, [`== ran: ${ALL}`, '== skipped: nothing']],
  [
    'there is no Bicep',
    'run infra:check=69',
    {},
    0,
    [`!! SKIPPED: ${NO_BICEP}`, `== ran: ${WITHOUT_BICEP}`, `== skipped: ${NO_BICEP}`],
  ],
  [
    'there is no Bicep in a workflow',
    'run infra:check=69',
    { GITHUB_ACTIONS: 'true' },
    69,
    [
      '== ran: npm ci, npm run check',
      '== skipped: nothing',
      '== FAILED: npm run infra:check; what follows it was not run',
    ],
  ],
  [
    'there is no browser',
    '',
    { CHROMIUM: '/nowhere/chromium' },
    0,
    [`!! SKIPPED: ${NO_BROWSER}`, `== ran: ${WITHOUT_BROWSER}, npm test`, `== skipped: ${NO_BROWSER}`],
  ],
  [
    'there is neither Bicep nor a browser',
    'run infra:check=69',
    { CHROMIUM: '/nowhere/chromium' },
    0,
    [
      `!! SKIPPED: ${NO_BICEP}`,
      `!! SKIPPED: ${NO_BROWSER}`,
      '== ran: npm ci, npm run check, npm run demo, npm run test:heavy, npm test',
      `== skipped: ${NO_BICEP}, ${NO_BROWSER}`,
    ],
  ],
  [
    'there is no browser where there must be one',
    '',
    { CHROMIUM: '/nowhere/chromium', CI: 'true' },
    1,
    [
      '!! There is no Chromium: apt-get install chromium, or set CHROMIUM to its path',
      `== ran: ${WITHOUT_BROWSER}`,
      '== skipped: nothing',
      '== FAILED: npm run test:browser; what follows it was not run',
    ],
  ],
  [
    'there is no PowerShell',
    '',
    { PWSH: '/nowhere/pwsh' },
    0,
    [`!! SKIPPED: ${NO_POWERSHELL}`, `== ran: ${ALL}`, `== skipped: ${NO_POWERSHELL}`],
  ],
  [
    'there is no PowerShell where there must be one',
    '',
    { PWSH: '/nowhere/pwsh', CI: 'true' },
    1,
    [
      '!! There is no PowerShell 7: install it, or the .NET SDK, or set PWSH to its path',
      '== ran: npm ci, npm run check, npm run infra:check, npm run demo, npm run test:heavy, npm run test:browser',
      '== skipped: nothing',
      '== FAILED: npm test of PowerShell; what follows it was not run',
    ],
  ],
  [
    'the page is wrong',
    'run test:browser=1',
    {},
    1,
    [
      `== ran: ${WITHOUT_BROWSER}`,
      '== skipped: nothing',
      '== FAILED: npm run test:browser; what follows it was not run',
    ],
  ],
  [
    'a template is wrong',
    'run infra:check=1',
    {},
    1,
    [
      '== ran: npm ci, npm run check',
      '== skipped: nothing',
      '== FAILED: npm run infra:check; what follows it was not run',
    ],
  ],
  [
    'a test fails',
    'test=1',
    {},
    1,
    [
      '== ran: npm ci, npm run check, npm run infra:check, npm run demo, npm run test:heavy, npm run test:browser',
      '== skipped: nothing',
      '== FAILED: npm test; what follows it was not run',
    ],
  ],
])('says what was run and what was not when %s', (_, failing, environment, status, said) => {
  const { GITHUB_ACTIONS: _actions, CI: _ci, ...inherited } = process.env
  const PATH = [folder, inherited['PATH']].join(delimiter)
  const env = { ...inherited, PATH, FAILING: failing, CHROMIUM: '/bin/sh', PWSH: '/bin/sh', ...environment }
  const run = spawnSync('sh', ['-c', 'exec .ci/run 2>&1'], { cwd: root, env, encoding: 'utf8' })
  expect([run.status, run.stdout.split('\n').filter((line) => /^(!!|== \w+:)/.test(line))]).toEqual([
    status,
    said,
  ])
})

test.each(['ci.yml', 'deploy.yml'])('%s checks by .ci/run and keeps no list of its own', (name) => {
  const text = readFileSync(join(root, '.github/workflows', name), 'utf8')
  expect(text.match(/\.ci\/run$|\bnpm .*$/gm)).toEqual(['.ci/run'])
})

test('release.yml checks by .ci/run before it packs', () => {
  const text = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8')
  expect(text.match(/\.ci\/run$|\bnpm (?:run )?\w+/gm)).toEqual([
    '.ci/run',
    'npm run package',
    'npm run sbom',
  ])
})

test('there is no workflow but those', () => {
  expect(readdirSync(join(root, '.github/workflows')).toSorted()).toEqual([
    'ci.yml',
    'deploy.yml',
    'release.yml',
  ])
})
