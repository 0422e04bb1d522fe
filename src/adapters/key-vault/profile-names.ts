import { singleFlight } from '../../core/single-flight.ts'
import type { VaultSecrets } from './vault-secrets.ts'

const PREFIX = 'client-'
/** A profile that was just made is found within this time. */
const LIST_AGAIN_AFTER_MS = 30_000
/** Without the permission to list, so many names that are not known may be tried. */
const BUDGET = 20
const BUDGET_WINDOW_IN_MS = 60_000

/** Which client profiles there are, so that an invented name costs no read of the vault. */
export interface ProfileNames {
  /** Whether the vault may be asked for the profile. Never rejects. */
  mayExist(name: string): Promise<boolean>
}

/** @param elapsed the process's own clock, in milliseconds. */
export function createProfileNames(secrets: VaultSecrets, elapsed: () => number): ProfileNames {
  const flight = singleFlight<void>()
  let names: ReadonlySet<string> | undefined
  let listAgainAt = -Infinity
  let budget = { left: BUDGET, until: -Infinity }

  async function refresh(): Promise<void> {
    listAgainAt = elapsed() + LIST_AGAIN_AFTER_MS
    try {
      const all = await secrets.list()
      names = new Set(all.map((name) => name.toLowerCase()).filter((name) => name.startsWith(PREFIX)))
    } catch {
      // Listing may be forbidden, or the vault may fail: the list before stays, or the budget decides.
    }
  }

  function isWithinBudget(): boolean {
    if (elapsed() >= budget.until) budget = { left: BUDGET, until: elapsed() + BUDGET_WINDOW_IN_MS }
    return budget.left-- > 0
  }

  return {
    async mayExist(name) {
      const isListed = () => names?.has(`${PREFIX}${name}`) ?? false
      if (isListed()) return true
      if (elapsed() >= listAgainAt) await flight('', refresh)
      if (isListed()) return true
      return names === undefined && isWithinBudget()
    },
  }
}
