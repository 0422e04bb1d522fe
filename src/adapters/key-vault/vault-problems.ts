/** What is wrong in the vault although service goes on, for the log and `/ready`: names and reasons, never a value. */
export interface VaultProblems {
  note(secretName: string, problem: string): void
  solve(secretName: string): void
  all(): readonly string[]
}

export function createVaultProblems(): VaultProblems {
  const problems = new Map<string, string>()
  return {
    note: (secretName, problem) => void problems.set(secretName, problem),
    solve: (secretName) => void problems.delete(secretName),
    all: () => [...problems.values()],
  }
}
