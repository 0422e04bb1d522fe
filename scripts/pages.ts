// Makes src/http/*.generated.ts of status-page/ and connect-page/: pages that have all they need in themselves, and a hash of each
// script and style for the content security policy. With --check it fails when a file is not what it would make.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')

const made = {
  'src/http/status-page.generated.ts': await statusPage(),
  'src/http/connect-style.generated.ts': await connectStyle(),
}
for (const [path, text] of Object.entries(made)) {
  const target = join(root, path)
  if (!process.argv.includes('--check')) {
    await writeFile(target, text)
  } else if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
    console.error(`${target} is not what its page makes. Run: npm run pages`)
    process.exitCode = 1
  }
}

async function statusPage(): Promise<string> {
  const [page, script, style] = await Promise.all([
    readFile(join(root, 'status-page/index.html'), 'utf8'),
    bundled('status-page/main.ts'),
    bundled('status-page/style.css'),
  ])
  const whole = page
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`)
  return moduleOf('status-page/', {
    statusPage: whole,
    scriptHash: hashOf(script),
    styleHash: hashOf(style),
  })
}

async function connectStyle(): Promise<string> {
  const style = await bundled('connect-page/style.css')
  return moduleOf('connect-page/', { connectStyle: style, connectStyleHash: hashOf(style) })
}

async function bundled(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    minifySyntax: true,
    minifyWhitespace: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  })
  const [file] = outputFiles
  // Otherwise the page would end where its script does.
  if (!file || /<\/(script|style)/i.test(file.text)) throw new Error(`${entry} cannot stand in a page`)
  return file.text.trim()
}

function moduleOf(folder: string, constants: Readonly<Record<string, string>>): string {
  return [
    `// Made by \`npm run pages\` of ${folder}. Change that.`,
    ...Object.entries(constants).map(([name, text]) => `export const ${name} = ${JSON.stringify(text)}`),
    '',
  ].join('\n')
}

/** As a content security policy names it. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
