/**
 * Importing this first stops the clock of the whole process: `Date` and `performance` say what `setClock` said last, to the broker, to MSAL and to
 * the Azure SDKs alike. Timers, time limits and TLS keep to the machine's clock.
 */
let now = Date.now()

Date.now = () => now
Object.defineProperty(globalThis, 'performance', { value: { now: () => now } })
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length > 0 ? args : [now], newTarget) as Date,
})

/** Epoch milliseconds. */
export function setClock(timestamp: number): void {
  now = timestamp
}
