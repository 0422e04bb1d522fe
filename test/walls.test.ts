import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const WALL_RULES = [
  'eslint(no-restricted-imports)',
  'eslint(no-restricted-globals)',
  'eslint(no-restricted-properties)',
  'import(no-dynamic-require)',
  'typescript(no-require-imports)',
  'typescript(consistent-type-imports)',
]
const NEW_FOLDER = 'A folder without a list in .oxlintrc.json imports nothing.'
const STORAGE_NAMES = 'What several folders import imports nothing of ours.'
const SIBLINGS =
  'core/request/ and core/pre-refresh/ know core/entry/, core/provider/ and the base nouns, not each other.'
const LOCAL = 'local/ knows of src/ its index, settings and storage names alone.'
const EMULATOR = 'An emulator knows local/server/ alone: no other emulator, nothing of src/.'

const walls = [
  {
    file: 'src/index.ts',
    imports: ['@azure/functions', './broker.ts', './functions/health.ts', './storage-names.ts'],
    butNot: [
      '@azure/data-tables',
      './composition.ts',
      './functions/token.ts',
      './core/readiness.ts',
      './adapters/tables/table-probe.ts',
    ],
    message: 'index.ts registers the functions, and loads the broker later.',
  },
  {
    file: 'src/broker.ts',
    imports: ['@azure/functions', './composition.ts', './functions/token.ts'],
    butNot: ['@azure/data-tables', './settings.ts', './index.ts', './core/readiness.ts'],
    message: 'broker.ts makes the handlers that index.ts registers, of what the composition root makes.',
  },
  {
    file: 'src/composition.ts',
    imports: ['@azure/data-tables', 'node:crypto', './settings.ts', './core/entry/entry-writer.ts'],
    butNot: ['jose', './index.ts', '../local/emulators.ts', './core/../../local/emulators.ts'],
    message: 'composition.ts joins what is in src/, and the SDKs.',
  },
  {
    file: 'src/core-composition.ts',
    imports: ['./core/warning.ts', './core/entry/entry-writer.ts'],
    butNot: [
      './settings.ts',
      './crypto/envelope.ts',
      './adapters/msal/entra-id.ts',
      'node:crypto',
      'lru-cache',
    ],
    message: 'core-composition.ts joins what is in core/ alone.',
  },
  {
    file: 'src/settings.ts',
    imports: ['zod'],
    butNot: ['node:fs', './storage-names.ts', '../local/process/local-settings.ts'],
    message: 'Settings and what they are made of know zod alone.',
  },
  { file: 'src/storage-names.ts', imports: [], butNot: ['./settings.ts'], message: STORAGE_NAMES },
  {
    file: 'src/time-limit.ts',
    imports: ['node:timers/promises'],
    butNot: ['./core/broker-error.ts', '@azure/functions'],
    message: STORAGE_NAMES,
  },
  {
    file: 'src/core/noun.ts',
    imports: ['lru-cache', 'p-limit', './broker-error.ts'],
    butNot: ['zod', 'node:crypto', '../settings.ts', './provider/entra-failure.ts', './entry/token-entry.ts'],
    message: 'A base noun of core/ knows other base nouns alone.',
  },
  {
    file: 'src/core/provider/provider.ts',
    imports: ['lru-cache', './entra-failure.ts', '../broker-error.ts'],
    butNot: [
      '@azure/msal-node',
      '../entry/token-entry.ts',
      '../request/token-source.ts',
      '../../settings.ts',
    ],
    message: 'core/provider/ knows the base nouns alone.',
  },
  {
    file: 'src/core/entry/entry.ts',
    imports: ['p-limit', './due-index.ts', '../warning.ts', '../provider/entra-failure.ts'],
    butNot: ['node:timers', '../request/token-memory.ts', '../pre-refresh/refresh-tick.ts'],
    message: 'core/entry/ knows core/provider/ and the base nouns alone.',
  },
  {
    file: 'src/core/activity/activity.ts',
    imports: ['./activity-counts.ts'],
    butNot: ['../warning.ts', '../request/token-source.ts', 'lru-cache', '../../functions/event-log.ts'],
    message: 'core/activity/ counts, and knows nothing of what it counts.',
  },
  {
    file: 'src/core/request/request.ts',
    imports: ['lru-cache', '../warning.ts', '../entry/due-index.ts', '../provider/entra-failure.ts'],
    butNot: ['../pre-refresh/refresh-tick.ts', '../../crypto/envelope.ts', '../../../local/emulators.ts'],
    message: SIBLINGS,
  },
  {
    file: 'src/core/pre-refresh/pre-refresh.ts',
    imports: ['p-limit', '../warning.ts', '../entry/due-index.ts', '../provider/entra-failure.ts'],
    butNot: ['@opentelemetry/api', '../request/token-memory.ts', '../../functions/event-log.ts'],
    message: SIBLINGS,
  },
  {
    file: 'src/core/connection/connection.ts',
    imports: ['lru-cache', '../warning.ts', '../entry/token-entry.ts', '../request/fitness.ts'],
    butNot: [
      'zod',
      '../operate/operators.ts',
      '../pre-refresh/refresh-tick.ts',
      '../../crypto/connection-secret.ts',
    ],
    message: 'core/connection/ knows core/request/, core/entry/, core/provider/ and the base nouns.',
  },
  {
    file: 'src/crypto/crypto.ts',
    imports: ['node:crypto', 'node:util', './envelope.ts'],
    butNot: ['crypto', 'node:fs', '../core/broker-error.ts', '../settings.ts'],
    message: 'crypto/ knows node:crypto and node:util alone.',
  },
  {
    file: 'src/http/http.ts',
    imports: [
      'zod',
      '@azure/functions',
      'node:util',
      '../core/warning.ts',
      '../core/request/token-request.ts',
    ],
    butNot: ['@azure/data-tables', 'node:http', '../functions/event-log.ts', '../adapters/msal/entra-id.ts'],
    message: 'http/ knows core/ alone, and talks HTTP.',
  },
  {
    file: 'src/functions/trigger.ts',
    imports: ['@azure/functions', '../core/warning.ts', '../http/error-response.ts', '../time-limit.ts'],
    butNot: ['@azure/storage-queue', 'zod', '../crypto/envelope.ts', '../adapters/queue/chunk-queue.ts'],
    message: 'A trigger talks to core/ and http/; the composition root joins it to adapters.',
  },
  {
    file: 'src/adapters/identity/identity.ts',
    imports: ['@azure/identity', '@azure/core-rest-pipeline', '../../time-limit.ts'],
    butNot: ['@azure/msal-node', '../msal/entra-id.ts'],
    message: "adapters/identity/ knows core/, crypto/, @azure/identity and the SDKs' HTTP client.",
  },
  {
    file: 'src/adapters/key-vault/key-vault.ts',
    imports: ['@azure/keyvault-secrets', 'lru-cache', './cache-keys.ts', '../../crypto/envelope.ts'],
    butNot: ['@azure/identity', '../identity/time-limited-credential.ts', '../../settings.ts'],
    message: 'adapters/key-vault/ knows core/, crypto/ and @azure/keyvault-secrets.',
  },
  {
    file: 'src/adapters/msal/msal.ts',
    imports: ['@azure/msal-node', '@azure/core-rest-pipeline', 'zod', '../../core/provider/entra-failure.ts'],
    butNot: ['@azure/data-tables', '../tables/table-fault.ts', '../../http/aadsts-remedies.ts'],
    message: "adapters/msal/ knows core/, crypto/, @azure/msal-node and the SDKs' HTTP client.",
  },
  {
    file: 'src/adapters/queue/queue.ts',
    imports: ['@azure/storage-queue', 'node:timers/promises', '../../storage-names.ts'],
    butNot: ['@azure/data-tables', '../../composition.ts', '../../../local/storage/azurite.ts'],
    message: 'adapters/queue/ knows core/, crypto/ and @azure/storage-queue.',
  },
  {
    file: 'src/adapters/tables/tables.ts',
    imports: ['@azure/data-tables', '../../core/entry/due-index.ts', '../../storage-names.ts'],
    butNot: ['@azure/storage-queue', '../queue/chunk-queue.ts', '../../core/../settings.ts'],
    message: 'adapters/tables/ knows core/, crypto/ and @azure/data-tables.',
  },
  {
    file: 'local/start.ts',
    imports: ['node:util', './emulators.ts', './process/broker.ts', '../src/settings.ts'],
    butNot: [
      '@azure/identity',
      '../src/composition.ts',
      '../src/core/warning.ts',
      '../test/support/clock.ts',
    ],
    message: LOCAL,
  },
  {
    file: 'local/demo/demo.ts',
    imports: ['@azure/data-tables', '../emulators.ts', '../entra/tokens.ts', '../../src/storage-names.ts'],
    butNot: ['@azure/msal-node', '../../src/core/warning.ts', '../../src/crypto/envelope.ts'],
    message: LOCAL,
  },
  {
    file: 'local/process/process.ts',
    imports: ['node:child_process', '../functions-host/functions-host.ts', '../../src/index.ts'],
    butNot: ['../emulators.ts', '../entra/tokens.ts', '../demo/demo-story.ts', '../../src/composition.ts'],
    message: 'local/process/ runs the broker and Azurite, and knows no emulator of ours.',
  },
  {
    file: 'local/entra/entra.ts',
    imports: ['jose', 'node:http', '../server/fault.ts', '../process/state-file.ts'],
    butNot: [
      '../key-vault/key-vault-secrets.ts',
      '../process/broker.ts',
      '../../src/http/aadsts-remedies.ts',
    ],
    message: EMULATOR,
  },
  {
    file: 'local/key-vault/key-vault.ts',
    imports: ['jose', '../server/loopback-server.ts'],
    butNot: ['../entra/tokens.ts', '../../src/adapters/key-vault/client-profile-schema.ts'],
    message: EMULATOR,
  },
  {
    file: 'local/managed-identity/managed-identity.ts',
    imports: ['jose', '../process/machine-clock.ts'],
    butNot: ['@azure/identity', '../entra/tokens.ts'],
    message: EMULATOR,
  },
  {
    file: 'local/storage/storage.ts',
    imports: ['node:fs/promises', '../process/child-process.ts', '../server/port-in-use-error.ts'],
    butNot: ['../emulators.ts', '../../src/settings.ts', '../entra/tokens.ts'],
    message:
      'local/storage/ runs Azurite: it knows no emulator of ours, and of src/ the storage names alone.',
  },
  {
    file: 'local/functions-host/host.ts',
    imports: ['@azure/storage-queue', '../server/loopback-server.ts'],
    butNot: ['../process/broker.ts', '../../src/index.ts', '../../src/functions/health.ts'],
    message: 'The local Functions host knows local/server/ alone, and nothing of what it hosts.',
  },
  {
    file: 'local/server/server.ts',
    imports: ['node:https', 'selfsigned', '../process/machine-clock.ts'],
    butNot: ['../process/broker.ts', '../entra/tokens.ts', '../../src/settings.ts'],
    message: 'local/server/ lies below every other room of local/.',
  },
  {
    file: 'infra/hooks/hook.ts',
    imports: ['node:fs', './vault.ts', '../../src/adapters/key-vault/client-profile-schema.ts'],
    butNot: ['zod', '../../src/settings.ts', '../../local/emulators.ts', '../../scripts/build.ts'],
    message: 'Hooks know of src/ how a client profile is read, and the SDKs that write the vault.',
  },
  {
    file: 'scripts/script.ts',
    imports: ['esbuild', 'node:fs/promises', '../src/settings.ts', '../local/emulators.ts'],
    butNot: ['../infra/hooks/vault.ts', '../test/support/clock.ts', '../src/../infra/hooks/vault.ts'],
    message: 'scripts/ know src/ and local/ alone.',
  },
  {
    file: 'scripts/openapi/part.ts',
    imports: ['zod', './schemas.ts', '../../src/http/error-answers.ts'],
    butNot: ['node:fs', '../build.ts', '../../src/core/warning.ts', '../../local/emulators.ts'],
    message: 'scripts/openapi/ knows what callers see: src/http alone.',
  },
  {
    file: 'status-page/page.ts',
    imports: ['./dom.ts', '../src/http/status-json.ts'],
    butNot: ['node:fs', 'zod', '../src/http/error-answers.ts', '../src/core/warning.ts'],
    message: 'status-page/ runs in a browser: it knows of src/ the shape of its answer alone.',
  },
  {
    file: 'bench/bench.ts',
    imports: [
      'prettier',
      'esbuild',
      '@azure/functions',
      '@azure/data-tables',
      '@azure/identity',
      '@azure/msal-node',
      '../src/composition.ts',
      '../local/emulators.ts',
      '../test/support/clock.ts',
    ],
    butNot: ['../infra/hooks/vault.ts', '../scripts/build.ts', '../test/walls.test.ts'],
    message: 'bench/ knows src/, local/ and test/support/ alone.',
  },
  {
    file: 'soak/new.ts',
    imports: ['zod', './growth.ts', '../local/emulators.ts', '../test/support/random.ts'],
    butNot: ['../src/composition.ts', '../bench/bench.ts', '../test/walls.test.ts'],
    message: 'soak/ knows local/ and test/support/ alone: of the broker it sees what callers see.',
  },
  { file: 'src/new/new.ts', imports: [], butNot: ['./other.ts', 'zod'], message: NEW_FOLDER },
  { file: 'src/core/new/new.ts', imports: [], butNot: ['../warning.ts'], message: NEW_FOLDER },
  { file: 'src/adapters/new/new.ts', imports: [], butNot: ['../../core/warning.ts'], message: NEW_FOLDER },
  { file: 'local/new/new.ts', imports: [], butNot: ['node:fs'], message: NEW_FOLDER },
]

const ANYTHING = [
  'jose',
  '../../src/core/warning.ts',
  '../../local/emulators.ts',
  '../../infra/hooks/vault.ts',
]
const REGISTERS = "import { app } from '@azure/functions'\nvoid app\n"
const impure = {
  'process.env': "Unexpected use of 'process'.",
  'globalThis.process': "Unexpected use of 'globalThis'.",
  'global.process': "Unexpected use of 'global'.",
  'fetch(url)': "Unexpected use of 'fetch'.",
  'Buffer.from(text)': "Unexpected use of 'Buffer'.",
  'crypto.randomUUID()': "Unexpected use of 'crypto'.",
  'Date.now()': "Unexpected use of 'Date'.",
  'new Date()': "Unexpected use of 'Date'.",
  'performance.now()': "Unexpected use of 'performance'.",
  'setTimeout(f)': "Unexpected use of 'setTimeout'.",
  'setInterval(f)': "Unexpected use of 'setInterval'.",
  'setImmediate(f)': "Unexpected use of 'setImmediate'.",
  'queueMicrotask(f)': "Unexpected use of 'queueMicrotask'.",
  'clearTimeout(timer)': "Unexpected use of 'clearTimeout'.",
  'clearInterval(timer)': "Unexpected use of 'clearInterval'.",
  'clearImmediate(timer)': "Unexpected use of 'clearImmediate'.",
  'Math.random()': "'Math.random' is restricted from being used.",
  'AbortSignal.timeout(1)': "'AbortSignal.timeout' is restricted from being used.",
}
const hidden = {
  "void import('../../composition.ts')": SIBLINGS,
  "export type Hidden = import('zod').ZodType": '`import()` type annotations are forbidden.',
  'void import(name)': 'Expected a literal string or immutable template literal',
  "void require('zod')": 'Expected "import" statement instead of "require" call',
}

const complaints = linted({
  ...Object.fromEntries(walls.map(({ file, imports, butNot }) => [file, exporting([...imports, ...butNot])])),
  'test/support/anything.ts': exporting(ANYTHING),
  'src/http/registers.ts': REGISTERS,
  'src/functions/registers.ts': REGISTERS,
  'src/core/request/impure.ts': linesOf(Object.keys(impure).map((use) => `void (${use})`)),
  'src/core/request/hidden.ts': linesOf(Object.keys(hidden)),
})

describe('walls', () => {
  test.each(walls)(
    '$file imports what its list allows and nothing else',
    ({ file, imports, butNot, message }) => {
      expect(complaints(file)).toEqual(
        butNot.map((specifier, i) => ({
          line: imports.length + i + 1,
          message: `'${specifier}' import is restricted from being used by a pattern.`,
          help: message,
        })),
      )
    },
  )

  test.each(['src/http/registers.ts', 'src/functions/registers.ts'])('%s registers no function', (file) => {
    expect(complaints(file)).toEqual([
      {
        line: 1,
        message: "'app' import from '@azure/functions' is restricted.",
        help: 'src/index.ts alone registers functions.',
      },
    ])
  })

  test('a test imports what it tests', () => {
    expect(complaints('test/support/anything.ts')).toEqual([])
  })

  test('the core has no clock, no timer, no randomness and no world', () => {
    expect(complaints('src/core/request/impure.ts').map(({ message }) => message)).toEqual(
      Object.values(impure),
    )
  })

  test('no other form of an import gets through', () => {
    expect(complaints('src/core/request/hidden.ts').map(({ message, help }) => [message, help])).toEqual(
      Object.values(hidden).map((said) => expect.arrayContaining([said])),
    )
  })
})

function exporting(specifiers: readonly string[]): string {
  return linesOf(specifiers.map((specifier) => `export { noun } from '${specifier}'`))
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

interface Complaint {
  readonly line: number
  readonly message: string
  readonly help: string
}

/** Runs the linter once, with our configuration, over a folder of these files. */
function linted(files: Readonly<Record<string, string>>): (file: string) => readonly Complaint[] {
  const root = join(import.meta.dirname, '..')
  const folder = mkdtempSync(join(tmpdir(), 'walls-'))
  try {
    copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    const linter = join(root, 'node_modules/oxlint/bin/oxlint')
    const { stdout } = spawnSync(process.execPath, [linter, '--format', 'json'], { cwd: folder })
    const { diagnostics } = JSON.parse(String(stdout)) as { diagnostics: readonly Diagnostic[] }
    return (file) =>
      diagnostics
        .filter(({ filename, code }) => filename === file && WALL_RULES.includes(code))
        .map(({ message, help, labels }) => ({ line: labels[0]?.span.line ?? 0, message, help }))
        .toSorted((one, other) => one.line - other.line)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Diagnostic {
  readonly filename: string
  readonly code: string
  readonly message: string
  readonly help: string
  readonly labels: readonly { readonly span: { readonly line: number } }[]
}
