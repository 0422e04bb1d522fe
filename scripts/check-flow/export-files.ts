import { readFileSync } from 'node:fs'
import { strFromU8, unzipSync } from 'fflate'
import { workflowsOf, type Workflow } from './workflow.ts'

const MAX_FILE_IN_BYTES = 32 * 1024 * 1024

/** It is not an export, or there is no flow in it. */
export class ExportError extends Error {
  override readonly name = 'ExportError'
}

/**
 * The workflows of an export: a package or solution (zip), a definition, a code view, or an ARM template (JSON).
 *
 * @throws {ExportError} in one line that says what to do.
 */
export function readExport(file: string): readonly Workflow[] {
  const workflows = filesOf(file).flatMap(({ name, text }) => workflowsOf(name, jsonOf(name, text)))
  if (workflows.length === 0) {
    throw new ExportError(
      `${file}: there is no flow in it. Export the flow as a package (zip), or save its code view as JSON.`,
    )
  }
  return workflows
}

function filesOf(file: string): readonly { name: string; text: string }[] {
  const bytes = bytesOf(file)
  const isZip = bytes.subarray(0, 2).toString('latin1') === 'PK'
  if (!isZip) return [{ name: file, text: textOf(bytes) }]
  try {
    const isWanted = ({ name, originalSize }: { name: string; originalSize: number }) =>
      name.toLowerCase().endsWith('.json') && originalSize <= MAX_FILE_IN_BYTES
    return Object.entries(unzipSync(bytes, { filter: isWanted })).map(([name, content]) => ({
      name: `${file}:${name}`,
      text: strFromU8(content).replace(/^\uFEFF/, ''),
    }))
  } catch {
    throw new ExportError(`${file}: the zip file cannot be read. Export the flow again.`)
  }
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it cannot be read'
    throw new ExportError(`${file}: ${reason}.`)
  }
}

function textOf(bytes: Buffer): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ExportError(`${name}: it is neither JSON nor a zip file.`)
  }
}
