// Makes src/http/status-page.generated.ts of status-page/: one page, with its script and its style in it and a hash of each for
// the content security policy. With --check it fails when the file is not what it would make.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const target = join(root, 'src/http/status-page.generated.ts')

const [html, script, style] = await Promise.all([
  readFile(join(root, 'status-page/index.html'), 'utf8'),
  bundled('status-page/main.ts'),
  bundled('status-page/style.css'),
])
const made = moduleOf(html, script, style)
if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== made) {
    console.error(`${target} is not what status-page/ makes. Run: npm run status-page`)
    process.exitCode = 1
  }
} else {
  await writeFile(target, made)
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

function moduleOf(page: string, scriptText: string, styleText: string): string {
  const whole = page
    .replace('<style></style>', () => `<style>${styleText}</style>`)
    .replace('<script></script>', () => `<script>${scriptText}</script>`)
  return [
    '// Made by `npm run status-page` of status-page/. Change that.',
    `export const statusPage = ${JSON.stringify(whole)}`,
    `export const scriptHash = '${hashOf(scriptText)}'`,
    `export const styleHash = '${hashOf(styleText)}'`,
    '',
  ].join('\n')
}

/** As a content security policy names it. */
function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
