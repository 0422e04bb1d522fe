import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ERROR_ANSWERS } from '../src/http/error-answers.ts'

const read = (file: string) => readFileSync(file, 'utf8')

/** As GitHub names the anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading))

const PAGES = globSync(['*.md', '{docs,infra,samples,bench}/**/*.md']).toSorted()

test.each(PAGES)('every local link of %s leads somewhere', (file) => {
  const text = read(file)
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
  const broken = links.filter(([, path = '', anchor]) => {
    const target = path === '' ? file : join(dirname(file), path)
    if (!existsSync(target)) return true
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

test("the README's table of errors has every error there is, with its status", () => {
  const rows = [...read('README.md').matchAll(/^\| ([\d, ]+?) +\| (`[^|]+`) +\|/gm)]
  const listed = rows.flatMap(([, statuses = '', errors = '']) =>
    statuses.split(', ').flatMap((status) => errors.split(', ').map((error) => `${status} ${error.trim()}`)),
  )
  const answered = Object.entries(ERROR_ANSWERS).map(
    ([code, { status, error = code }]) => `${status} \`${error}\``,
  )
  expect(listed.toSorted()).toEqual([...new Set(answered)].toSorted())
})
