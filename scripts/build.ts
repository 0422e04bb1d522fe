// Bundles the app into dist/index.cjs, the file that package.json names as `main`, and dist/broker.cjs, which it loads.
import { rm, stat } from 'node:fs/promises'
import { build, type Plugin } from 'esbuild'

const NAMES = ['index', 'broker']

/** A file of its own: what registers the functions must be small. */
const brokerBeside: Plugin = {
  name: 'broker-beside',
  setup: (bundling) =>
    bundling.onResolve({ filter: /^\.\/broker\.ts$/ }, () => ({ path: './broker.cjs', external: true })),
}

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: NAMES.map((name) => ({ in: `src/${name}.ts`, out: name })),
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'cjs',
  // The Functions host provides the first to the worker. `debug` takes the second where it is, which only development tools bring.
  external: ['@azure/functions-core', 'supports-color'],
  plugins: [brokerBeside],
  // CommonJS has no import.meta; the Azure SDK asks it where it was loaded from.
  define: { 'import.meta.url': '__importMetaUrl' },
  banner: { js: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
})

for (const name of NAMES) {
  const { size } = await stat(`dist/${name}.cjs`)
  console.log(`Built dist/${name}.cjs, ${Math.round(size / 1024)} KiB.`)
}
