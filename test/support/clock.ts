import { jest } from '@jest/globals'

/** Everything that `useFakeTimers` would fake, but for `Date` and `performance`. */
const REAL = [
  'hrtime',
  'nextTick',
  'queueMicrotask',
  'requestAnimationFrame',
  'cancelAnimationFrame',
  'requestIdleCallback',
  'cancelIdleCallback',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const

/** Stops the clock of this test file: of the broker, of MSAL, of the Azure SDKs and of the emulators alike. */
export function stopClock(): { advance(seconds: number): void } {
  jest.useFakeTimers({ now: 1_764_000_000_000, doNotFake: [...REAL] })
  return { advance: (seconds) => jest.advanceTimersByTime(seconds * 1000) }
}
