import type { SweepSummary } from '../core/pre-refresh/refresh-sweep.ts'

/** A miss in the background is no fault yet: the hint stays, and the next sweep begins with it. */
export function sweepLevelOf({ failed, left }: SweepSummary): 'info' | 'warn' {
  return Object.keys(failed).length === 0 && left === 0 ? 'info' : 'warn'
}
