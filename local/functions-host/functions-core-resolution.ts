import { registerHooks } from 'node:module'

/** Importing this makes `@azure/functions-core`, which no package provides, resolve to the local one. Import it before the app. */
const url = new URL('./functions-core.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === '@azure/functions-core'
      ? { url, format: 'module-typescript', shortCircuit: true }
      : nextResolve(specifier, context),
})
