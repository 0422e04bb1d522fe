/** Epoch milliseconds by the machine's clock, which TLS and Azurite go by, also while a test has stopped `Date`. */
export const machineNow = (): number => performance.timeOrigin + performance.now()
