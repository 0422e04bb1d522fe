import { cpus, release, totalmem, type } from 'node:os'
import { format } from 'prettier'
import { isMissed, ratioOf, type Quantity, type Row } from './benchmark.ts'
import type { BenchmarkResult } from './benchmark-process.ts'

type Results = Readonly<Record<string, BenchmarkResult>>

const HEADINGS = ['what', 'figure', 'baseline', 'ratio', 'goal']

const numberOf = (value: number): string =>
  value.toLocaleString('en-US', value >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })

const textOf = ({ value, unit }: Quantity): string => `${numberOf(value)} ${unit}`

const boundOf = ({ goal }: Row): string =>
  goal ? `${goal.bound === 'at least' ? '≥' : '≤'} ${numberOf(goal.ratio)}` : ''

function cellsOf(row: Row): string[] {
  const goal = boundOf(row)
  return [
    row.what,
    textOf(row.figure),
    `${textOf(row.baseline)}: ${row.baseline.what}`,
    numberOf(ratioOf(row)),
    isMissed(row) ? `${goal}, missed` : goal,
  ]
}

/** For a terminal. */
export function tableOf(results: Results): string {
  const lines = [HEADINGS, ...Object.values(results).flatMap(({ rows }) => rows.map(cellsOf))]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** docs/benchmarks.md, laid out as the rest of the repository. */
export function pageOf(
  results: Results,
  run: { readonly startDate: Date; readonly busyCores: readonly number[]; readonly command: string },
): Promise<string> {
  const all = Object.values(results).flatMap(({ rows }) => rows)
  const missed = all.filter(isMissed)
  const [processor] = cpus()
  const page = `
# Benchmarks

Written by \`npm run bench -- --write\`; not by hand. Each figure stands beside a baseline of the same run on the same machine, so
the ratio is what to compare. \`npm run bench -- cached-hit store-hit\` runs those two alone.

| | |
|---|---|
| command | \`${run.command}\` |
| begun | ${run.startDate.toISOString()} |
| machine | ${processor?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB |
| system | ${type()} ${release()}, Node.js ${process.versions.node} |
| other work | ${loadSentenceOf(run.busyCores)} |

Broker, emulators, Azurite and whoever asks share the machine's cores. None of it is Azure, and none of it is Entra ID.

| ${HEADINGS.join(' | ')} |
|---|---:|---|---:|---|
${all.map((row) => `| ${cellsOf(row).join(' | ')} |`).join('\n')}

${missed.length === 0 ? 'No goal is missed.' : `## Goals that are missed\n\n${missed.map(reasonOf).join('\n')}`}

## What is measured

${Object.entries(results)
  .map(([name, { about }]) => `- **${name}**: ${about}`)
  .join('\n')}
`
  return format(page, { parser: 'markdown', printWidth: 110 })
}

const reasonOf = (row: Row): string =>
  `- ${row.what}: ${numberOf(ratioOf(row))}, the goal is ${boundOf(row)}. ${row.goal?.ifMissed}`

const loadSentenceOf = (busyCores: readonly number[]): string => {
  const cores = busyCores.map((each) => each.toFixed(1)).join(', ')
  const isBusy = Math.max(...busyCores) > 0.3
  return `Before each benchmark, for a second in which nothing of it ran, so many cores were busy: ${cores}. ${isBusy ? 'The machine had other work to do.' : 'The machine had no other work.'}`
}
