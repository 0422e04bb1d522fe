import type { Shrunk } from './shrink.ts'
import type { Stimulus } from './stimulus.ts'

const MAX_LINES = 80

/** The shortest history that was found, to read. */
export function reportOf({ scenario, outcome, tries }: Shrunk): string {
  const { violation, lines } = outcome
  const subject = violation?.subject ?? ''
  // The refused passwords are the user's, whatever the profile.
  const refusals = `refusals of ${subject.split('/').at(-1)} `
  // A connection's row, secrets and sign-ins go by its name.
  const names = new Set(
    lines.filter((line) => line.includes(subject)).flatMap((line) => line.match(/\bc\d+\b/g) ?? []),
  )
  const isTold = (line: string) => [...names].some((name) => new RegExp(`\\b${name}\\b`).test(line))
  const told = lines.filter(
    (line) =>
      isTold(line) ||
      line.includes(subject) ||
      line.includes(refusals) ||
      / {2}-- | dies$| secret | due /.test(line),
  )
  return [
    `${violation?.invariant}: ${violation?.what}`,
    `seed ${scenario.seed}, ${scenario.stimuli.length} stimuli left after ${tries} tries: ${kindsOf(scenario.stimuli)}`,
    `settings ${JSON.stringify(scenario.settings)}`,
    `registrations ${JSON.stringify(scenario.registrations)}`,
    ...(told.length > MAX_LINES ? [`… ${told.length - MAX_LINES} lines before`] : []),
    ...told.slice(-MAX_LINES),
  ].join('\n')
}

function kindsOf(stimuli: readonly Stimulus[]): string {
  const counts = new Map<string, number>()
  for (const { kind } of stimuli) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ')
}
