import type { FunctionsRegistry } from './functions-registry.ts'
import { createFunctionsRegistry } from './functions-registry.ts'

/**
 * What `require('@azure/functions-core')` gives `@azure/functions`: in Azure the Functions worker, here this module.
 * `functions-core-resolution.ts` sees to it in Node.js; in jest `moduleNameMapper` does. The registry is kept on `globalThis`,
 * because a test that loads all modules anew must still meet its host.
 */
const slot = globalThis as { entraTokenBrokerRegistry?: { registry: FunctionsRegistry; isClaimed: boolean } }

function current(): FunctionsRegistry {
  slot.entraTokenBrokerRegistry ??= { registry: createFunctionsRegistry(), isClaimed: false }
  return slot.entraTokenBrokerRegistry.registry
}

/** The registry for one host: the one that an app has used already, unless another host has taken it. */
export function claimRegistry(): FunctionsRegistry {
  if (slot.entraTokenBrokerRegistry?.isClaimed) delete slot.entraTokenBrokerRegistry
  const registry = current()
  slot.entraTokenBrokerRegistry = { registry, isClaimed: true }
  return registry
}

export const version = '3.12.0'
export const hostVersion = '4.1040.0'
export const registerFunction: FunctionsRegistry['registerFunction'] = (...args) =>
  current().registerFunction(...args)
export const registerHook: FunctionsRegistry['registerHook'] = (...args) => current().registerHook(...args)
export const setProgrammingModel: FunctionsRegistry['setProgrammingModel'] = (model) =>
  current().setProgrammingModel(model)
export const getProgrammingModel: FunctionsRegistry['getProgrammingModel'] = () =>
  current().getProgrammingModel()
export const log: FunctionsRegistry['log'] = (...args) => current().log(...args)
