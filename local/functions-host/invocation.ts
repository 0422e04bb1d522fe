import { randomBytes, randomUUID } from 'node:crypto'
import type {
  InvocationResponse,
  RegisteredFunction,
  TriggerMetadata,
  TypedData,
} from './functions-core-types.ts'
import type { FunctionsRegistry } from './functions-registry.ts'

export interface Invocation {
  /** Default: a new one. */
  readonly invocationId?: string
  readonly triggerData: TypedData
  readonly triggerMetadata?: TriggerMetadata
}

/** @throws what the function throws. */
export type InvokeFunction = (
  registered: RegisteredFunction,
  invocation: Invocation,
) => Promise<InvocationResponse>

/** The name of the trigger's binding, and its type in lower case. */
export function triggerOf({ metadata }: RegisteredFunction) {
  const trigger = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type))
  if (!trigger) throw new Error(`Function ${metadata.name} has no trigger`)
  const [name, binding] = trigger
  return { name, binding, type: binding.type.toLowerCase() }
}

/** Runs functions as the Node.js worker does: through `@azure/functions`' invocation model. */
export function createInvoker(registry: FunctionsRegistry): InvokeFunction {
  return async (registered, { invocationId = randomUUID(), triggerData, triggerMetadata = {} }) => {
    const { metadata, callback } = registered
    const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
    const model = registry.getProgrammingModel().getInvocationModel({
      invocationId,
      metadata,
      request: {
        invocationId,
        inputData: [{ name: triggerOf(registered).name, data: triggerData }],
        triggerMetadata,
        traceContext: { traceParent, traceState: '' },
      },
      state: undefined,
      log: registry.log,
    })
    const { context, inputs } = await model.getArguments()
    return await model.getResponse(context, await model.invokeFunction(context, inputs, callback))
  }
}
