/** The parts of the interface between the Functions worker and `@azure/functions` that the local host uses. */

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none'
export type LogCategory = 'user' | 'system' | 'customMetric'

export interface Binding {
  readonly type: string
  readonly direction: 'in' | 'out' | 'inout'
  readonly [option: string]: unknown
}

export interface FunctionMetadata {
  readonly name: string
  readonly bindings: Readonly<Record<string, Binding>>
}

export type FunctionCallback = (...inputs: unknown[]) => unknown

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata
  readonly callback: FunctionCallback
}

export interface TypedData {
  readonly string?: string
  readonly json?: string
  readonly bytes?: Uint8Array
  readonly http?: HttpData
}

export type NullableStrings = Readonly<Record<string, { readonly value: string }>>

export interface HttpData {
  readonly method?: string
  readonly url?: string
  readonly nullableHeaders?: NullableStrings
  readonly nullableQuery?: NullableStrings
  readonly nullableParams?: NullableStrings
  readonly body?: TypedData
  readonly statusCode?: string
  readonly headers?: Readonly<Record<string, string>>
}

export type TriggerMetadata = Readonly<Record<string, TypedData>>

export interface InvocationRequest {
  readonly invocationId: string
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[]
  readonly triggerMetadata: TriggerMetadata
  readonly traceContext: { readonly traceParent: string; readonly traceState: string }
}

export interface CoreInvocationContext {
  readonly invocationId: string
  readonly metadata: FunctionMetadata
  readonly request: InvocationRequest
  readonly state: undefined
  readonly log: (level: LogLevel, category: LogCategory, message: string) => void
}

export interface InvocationResponse {
  readonly returnValue?: TypedData | null
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>
}

/** What an app asks of its worker. */
export interface Capabilities {
  /** With HTTP streaming: where `@azure/functions` waits for the requests themselves. */
  readonly HttpUri?: string
}

export interface ProgrammingModel {
  readonly name: string
  readonly version: string
  getInvocationModel(context: CoreInvocationContext): InvocationModel
  getCapabilities(capabilities: object): Promise<Capabilities>
}

export interface LogEntry {
  readonly level: LogLevel
  readonly category: LogCategory
  readonly message: string
}
