import { randomBytes, randomUUID } from 'node:crypto'
import type {
  CoreInvocationContext,
  InvocationResponse,
  RegisteredFunction,
  TypedData,
} from './functions-core-types.ts'
import type { FunctionsRegistry } from './functions-registry.ts'

/** @throws what the function throws. */
export type InvokeFunction = (
  registered: RegisteredFunction,
  triggerData: TypedData,
) => Promise<InvocationResponse>

/** The name of the trigger's binding, and its type in lower case. */
export function triggerOf({ metadata }: RegisteredFunction) {
  const trigger = Object.entries(metadata.bindings).find(([, { type }]) => /trigger$/i.test(type))
  if (!trigger) throw new Error(`Function ${metadata.name} has no trigger`)
  const [name, binding] = trigger
  return { name, binding, type: binding.type.toLowerCase() }
}

/** Runs functions as the Node.js worker does: through `@azure/functions`' invocation model, hooks before and after. */
export function createInvoker(registry: FunctionsRegistry): InvokeFunction {
  return async (registered, triggerData) => {
    const { metadata, callback } = registered
    const invocationId = randomUUID()
    const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
    const core: CoreInvocationContext = {
      invocationId,
      metadata,
      request: {
        invocationId,
        inputData: [{ name: triggerOf(registered).name, data: triggerData }],
        triggerMetadata: {},
        traceContext: { traceParent, traceState: '' },
      },
      state: undefined,
      log: registry.log,
    }
    const model = registry.getProgrammingModel().getInvocationModel(core)
    const { context, inputs } = await model.getArguments()
    const hookContext = { hookData: {}, appHookData: registry.appHookData, invocationContext: context }

    const before = { ...hookContext, functionCallback: callback, inputs }
    core.state = 'preInvocationHooks'
    for (const hook of registry.hooks.preInvocation) await hook(before)

    const after: Record<string, unknown> = {
      ...hookContext,
      inputs: before.inputs,
      result: null,
      error: null,
    }
    core.state = 'invocation'
    try {
      after['result'] = await model.invokeFunction(context, before.inputs, before.functionCallback)
    } catch (error) {
      after['error'] = error
    }
    core.state = 'postInvocationHooks'
    for (const hook of registry.hooks.postInvocation) await hook(after)
    core.state = undefined
    if (after['error'] !== null) throw after['error'] as Error
    return await model.getResponse(context, after['result'])
  }
}
