import { DefaultAzureCredential } from '@azure/identity'
import { QueueClient, type DequeuedMessageItem } from '@azure/storage-queue'
import type { RegisteredFunction, TypedData } from './functions-core-types.ts'
import { triggerOf, type InvokeFunction } from './invocation.ts'

export interface FunctionQueues {
  /** Runs the function for each message that waits in its queue. @returns how many there were. */
  readonly drain: (registered: RegisteredFunction) => Promise<number>
  /** Stops looking; a batch that is being worked on is finished by the one who started it. */
  readonly stop: () => void
}

const pollIntervalInMs = 1000
const visibilityTimeoutInSeconds = 600
/** As host.json has them: `batchSize` and `maxDequeueCount`. */
const batchSize = 4
const maxDequeueCount = 5

/** A message as the queue extension decodes it: Base64, then JSON if it is any. */
function dataOf(message: DequeuedMessageItem): TypedData {
  const text = Buffer.from(message.messageText, 'base64').toString()
  try {
    JSON.parse(text)
    return { json: text }
  } catch {
    return { string: text }
  }
}

function queueUrlOf(
  registered: RegisteredFunction,
  settings: Readonly<Record<string, string | undefined>>,
): string {
  const { binding } = triggerOf(registered)
  const name = `${binding['connection'] as string}__queueServiceUri`
  const serviceUrl = settings[name]
  if (!serviceUrl) throw new Error(`Function ${registered.metadata.name}: the app setting ${name} is missing`)
  return `${serviceUrl}/${binding['queueName'] as string}`
}

/**
 * Runs the functions with a queue trigger, over an identity-based connection. A message whose run fails is tried again, five
 * times in all, and then moved to the queue `<name>-poison`.
 */
export function startQueues(
  registered: readonly RegisteredFunction[],
  settings: Readonly<Record<string, string | undefined>>,
  invoke: InvokeFunction,
  options: { readonly isPolling: boolean },
): FunctionQueues {
  const credential = new DefaultAzureCredential()
  const urls = new Map(registered.map((one) => [one, queueUrlOf(one, settings)]))
  const pending = new Map<RegisteredFunction, NodeJS.Timeout>()
  let isStopped = false

  const work = async (one: RegisteredFunction, url: string, message: DequeuedMessageItem): Promise<void> => {
    const queue = new QueueClient(url, credential)
    try {
      await invoke(one, { triggerData: dataOf(message) })
    } catch {
      // The invoker has already logged the failure.
      if (message.dequeueCount < maxDequeueCount) {
        await queue.updateMessage(message.messageId, message.popReceipt, undefined, 0)
        return
      }
      const poison = new QueueClient(`${url}-poison`, credential)
      await poison.createIfNotExists()
      await poison.sendMessage(message.messageText)
    }
    await queue.deleteMessage(message.messageId, message.popReceipt)
  }

  const drain = async (one: RegisteredFunction): Promise<number> => {
    const url = urls.get(one)
    if (url === undefined) throw new RangeError(`${one.metadata.name} has no queue trigger`)
    const queue = new QueueClient(url, credential)
    for (let total = 0; ;) {
      const { receivedMessageItems: messages } = await queue.receiveMessages({
        numberOfMessages: batchSize,
        visibilityTimeout: visibilityTimeoutInSeconds,
      })
      if (messages.length === 0) return total
      total += messages.length
      await Promise.all(messages.map((message) => work(one, url, message)))
    }
  }

  const poll = (one: RegisteredFunction): void => {
    const timer = setTimeout(() => {
      // A queue that cannot be read now is looked at again a second later, as by the real host.
      void drain(one)
        .catch(() => {})
        .finally(() => !isStopped && poll(one))
    }, pollIntervalInMs)
    pending.set(one, timer)
  }

  if (options.isPolling) for (const one of urls.keys()) poll(one)
  return {
    drain,
    stop: () => {
      isStopped = true
      for (const timer of pending.values()) clearTimeout(timer)
    },
  }
}
