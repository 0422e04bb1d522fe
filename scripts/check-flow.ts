import { ExportError, readExport } from './check-flow/export-files.ts'
import { findingsOf } from './check-flow/rules.ts'

/**
 * `npm run check-flow -- <export>…`: looks for secrets that a run history would show, and for policies that hammer an account, in
 * exported flows and Logic Apps. A line each, with the place and the cure. Exit code 1 when there is one, 2 when a file cannot be used.
 */
const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('Usage: npm run check-flow -- <package.zip | definition.json>…')
  process.exit(2)
}
try {
  const workflows = files.flatMap((file) => readExport(file))
  const findings = workflows.flatMap((workflow) =>
    findingsOf(workflow).map((finding) => ({ file: workflow.name, ...finding })),
  )
  for (const { file, place, rule, problem, cure } of findings) {
    console.log(`${file} ${place}: [${rule}] ${problem} ${cure}`)
  }
  console.log(
    findings.length === 0
      ? `${workflows.length} flows, nothing found.`
      : `${workflows.length} flows, ${findings.length} findings.`,
  )
  process.exitCode = findings.length === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof ExportError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
