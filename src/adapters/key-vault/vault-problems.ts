/** What is wrong in the vault although service goes on, for the log and `/ready`: names and reasons, never a value. */
export interface VaultProblems {
  note(name: string, problem: string): void
  solve(name: string): void
  all(): readonly string[]
}

export function createVaultProblems(): VaultProblems {
  const problems = new Map<string, string>()
  return {
    note: (name, problem) => void problems.set(name, problem),
    solve: (name) => void problems.delete(name),
    all: () => [...problems.values()],
  }
}
