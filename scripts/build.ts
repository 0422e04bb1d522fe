// Bundles the app into dist/index.cjs, the file that package.json names as `main`.
import { stat } from 'node:fs/promises'
import { build } from 'esbuild'

const outfile = 'dist/index.cjs'

await build({
  entryPoints: ['src/index.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  // The Functions host provides the first to the worker. `debug` takes the second where it is, which only development tools bring.
  external: ['@azure/functions-core', 'supports-color'],
  // CommonJS has no import.meta; the Azure SDK asks it where it was loaded from.
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: { js: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
})

console.log(`Built ${outfile}, ${Math.round((await stat(outfile)).size / 1024)} KiB.`)
