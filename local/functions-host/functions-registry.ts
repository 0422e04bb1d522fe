import type {
  FunctionCallback,
  FunctionMetadata,
  LogCategory,
  LogEntry,
  LogLevel,
  ProgrammingModel,
  RegisteredFunction,
} from './functions-core-types.ts'

export interface Disposable {
  readonly dispose: () => void
}

/** What an app registers with its Functions worker. */
export interface FunctionsRegistry {
  readonly functions: ReadonlyMap<string, RegisteredFunction>
  /** Where log entries go. Until a host sets it, to stdout. */
  logTo: (entry: LogEntry) => void
  /** @throws when the name is taken. */
  readonly registerFunction: (metadata: FunctionMetadata, callback: FunctionCallback) => Disposable
  /** @throws always: an app that counts on its hooks must not seem to work without them. */
  readonly registerHook: (name: string) => Disposable
  readonly setProgrammingModel: (model: ProgrammingModel) => void
  readonly getProgrammingModel: () => ProgrammingModel
  readonly log: (level: LogLevel, category: LogCategory, message: string) => void
}

export function createFunctionsRegistry(): FunctionsRegistry {
  const functions = new Map<string, RegisteredFunction>()
  let programmingModel: ProgrammingModel | undefined
  const registry: FunctionsRegistry = {
    functions,
    logTo: ({ message }) => console.log(message),
    registerFunction: (metadata, callback) => {
      const { name } = metadata
      if (functions.has(name)) throw new Error(`A function with id "${name}" has already been registered.`)
      functions.set(name, { metadata, callback })
      return { dispose: () => void functions.delete(name) }
    },
    registerHook: (name) => {
      throw new Error(`The local Functions host runs no hooks, so none for ${name}.`)
    },
    setProgrammingModel: (model) => {
      programmingModel = model
    },
    getProgrammingModel: () => {
      if (!programmingModel) throw new Error('The app registered nothing with @azure/functions.')
      return programmingModel
    },
    log: (level, category, message) => registry.logTo({ level, category, message }),
  }
  return registry
}
