/** Counts bad passwords per account as Entra's smart lockout does. */
export interface SmartLockout {
  readonly isLocked: (account: string) => boolean
  readonly passwordRefused: (account: string, password: string) => void
  readonly passwordAccepted: (account: string) => void
}

const threshold = 10
const firstLockoutInMs = 60_000
/** A bad password that is among the last three is not counted again. */
const rememberedPasswords = 3

/**
 * The tenth bad password is still answered as a bad password, and locks the account: for a minute, then, at each further
 * bad password after that, for twice as long as before. A good password starts anew.
 *
 * @see https://learn.microsoft.com/entra/identity/authentication/howto-password-smart-lockout
 */
export function createSmartLockout(now: () => number): SmartLockout {
  const accounts = new Map<
    string,
    { refusals: number; recent: string[]; lockouts: number; lockedUntil: number }
  >()
  return {
    isLocked: (account) => now() < (accounts.get(account)?.lockedUntil ?? 0),
    passwordRefused: (account, password) => {
      const record = accounts.get(account) ?? { refusals: 0, recent: [], lockouts: 0, lockedUntil: 0 }
      accounts.set(account, record)
      if (record.recent.includes(password)) return
      record.recent = [password, ...record.recent].slice(0, rememberedPasswords)
      record.refusals += 1
      if (record.refusals < threshold) return
      record.lockedUntil = now() + firstLockoutInMs * 2 ** record.lockouts
      record.lockouts += 1
    },
    passwordAccepted: (account) => {
      accounts.delete(account)
    },
  }
}
