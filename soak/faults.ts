import type { Emulators } from '../local/emulators.ts'
import type { Fault } from '../local/server/fault.ts'
import type { createRandom } from '../test/support/random.ts'
import type { StorageGateway } from '../test/support/storage-gateway.ts'

const FAULTS: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 429, retryAfterInSeconds: 1 },
  { kind: 'status', status: 500 },
  { kind: 'html', status: 502 },
  { kind: 'empty-json', status: 200 },
  { kind: 'reset' },
  { kind: 'hang' },
]

/** One dependency after the other is out of order for a while, by every fault that it knows; half of the time none is. */
export function createFaults(
  { entra, keyVault, gateway }: Pick<Emulators, 'entra' | 'keyVault'> & { readonly gateway: StorageGateway },
  random: ReturnType<typeof createRandom>,
) {
  const targets = { entra, keyVault, tables: gateway }
  return {
    /** @returns what is out of order from now on. */
    next(): string {
      this.clear()
      if (random.below(2) === 0) return 'none'
      const name = random.of(Object.keys(targets) as (keyof typeof targets)[])
      const fault = random.of(FAULTS)
      targets[name].fault = fault
      return `${name} ${'status' in fault ? fault.status : fault.kind}`
    },
    clear(): void {
      for (const target of Object.values(targets)) target.fault = undefined
      // What was called is of no interest, and would grow.
      for (const { calls } of Object.values(targets)) calls.length = 0
    },
  }
}
