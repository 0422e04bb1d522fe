// Draws infra/architecture/architecture.svg from the text beside it. With --check: fails when the committed one is another.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { instance } from '@viz-js/viz'

const folder = join(import.meta.dirname, '..', 'infra', 'architecture')
const picture = join(folder, 'architecture.svg')
const viz = await instance()
const drawn = viz.renderString(await readFile(join(folder, 'architecture.dot'), 'utf8'), { format: 'svg' })
const isCheckOnly = process.argv.includes('--check')
const isUpToDate = (await readFile(picture, 'utf8').catch(() => '')) === drawn

if (isCheckOnly && !isUpToDate) process.exitCode = 1
if (!isCheckOnly && !isUpToDate) await writeFile(picture, drawn)
const outcome = isUpToDate ? 'is up to date' : isCheckOnly ? 'is stale' : 'is written'
console.log(`infra/architecture/architecture.svg ${outcome}`)
