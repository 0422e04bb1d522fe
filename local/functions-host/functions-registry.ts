import {
  hookNames,
  type FunctionCallback,
  type FunctionMetadata,
  type Hook,
  type HookName,
  type LogCategory,
  type LogEntry,
  type LogLevel,
  type ProgrammingModel,
  type RegisteredFunction,
} from './functions-core-types.ts'

export interface Disposable {
  readonly dispose: () => void
}

/** What an app registers with its Functions worker. */
export interface FunctionsRegistry {
  readonly functions: ReadonlyMap<string, RegisteredFunction>
  readonly hooks: Readonly<Record<HookName, readonly Hook[]>>
  /** Shared by all hooks of the app. */
  readonly appHookData: Record<string, unknown>
  /** Where log entries go. Until a host sets it, to stdout. */
  logTo: (entry: LogEntry) => void
  /** @throws when the name is taken. */
  readonly registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) => Disposable
  /** @throws {RangeError} for a hook that the worker does not have. */
  readonly registerHook: (name: string, hook: Hook) => Disposable
  readonly setProgrammingModel: (model: ProgrammingModel) => void
  readonly getProgrammingModel: () => ProgrammingModel
  readonly log: (level: LogLevel, category: LogCategory, message: string) => void
}

export function createFunctionsRegistry(): FunctionsRegistry {
  const functions = new Map<string, RegisteredFunction>()
  const hooks: Record<HookName, Hook[]> = {
    appStart: [],
    appTerminate: [],
    preInvocation: [],
    postInvocation: [],
    log: [],
  }
  let programmingModel: ProgrammingModel | undefined
  const registry: FunctionsRegistry = {
    functions,
    hooks,
    appHookData: {},
    logTo: ({ message }) => console.log(message),
    registerFunction: (metadata, callback) => {
      const { name } = metadata
      if (functions.has(name)) throw new Error(`A function with id "${name}" has already been registered.`)
      functions.set(name, { metadata, callback })
      return { dispose: () => void functions.delete(name) }
    },
    registerHook: (name, hook) => {
      const known = hookNames.find((hookName) => hookName === name)
      if (!known) throw new RangeError(`Unrecognized hook "${name}"`)
      hooks[known].push(hook)
      return {
        dispose: () => {
          hooks[known] = hooks[known].filter((other) => other !== hook)
        },
      }
    },
    setProgrammingModel: (model) => {
      programmingModel = model
    },
    getProgrammingModel: () => {
      if (!programmingModel) throw new Error('The app registered nothing with @azure/functions.')
      return programmingModel
    },
    log: (level, category, message) => {
      const entry = { level, category, message, hookData: {}, appHookData: registry.appHookData }
      if (category === 'user') for (const hook of hooks.log) hook(entry)
      registry.logTo(entry)
    },
  }
  return registry
}
