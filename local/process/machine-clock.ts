import { performance } from 'node:perf_hooks'

/** Epoch milliseconds by the machine's clock, which TLS and Azurite go by, also while a test has stopped `Date`. */
export const machineNow = (): number => performance.timeOrigin + performance.now()
