import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const folder = join(import.meta.dirname, '../../.github/workflows')
const workflows = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)

describe('workflows', () => {
  test.each(workflows)('%s pins every action by its commit and says which release that is', (_, text) => {
    const uses = [...text.matchAll(/uses: (.*)$/gm)].map(([, action]) => action)
    expect(uses.length).toBeGreaterThan(0)
    expect(
      uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(String(action))),
    ).toEqual([])
  })

  test.each(workflows)('%s grants nothing but what a job asks for', (_, text) => {
    expect(text).toContain('\npermissions: {}\n')
    expect([...text.matchAll(/^ +[\w-]+: write$/gm)].map(([line]) => line.trim())).toEqual([
      ...(text.includes('--federated-credential-provider') ? ['id-token: write'] : []),
      ...(text.includes('gh release create') ? ['contents: write'] : []),
    ])
  })

  test('a release is written by a job that runs nothing of ours and nothing of our dependencies', () => {
    const release = workflows.find(([name]) => name === 'release.yml')?.[1] ?? ''
    const publish = release.slice(release.indexOf('\n  publish:'))
    expect(release.match(/contents: write/g)).toHaveLength(1)
    expect(publish).toContain('contents: write')
    expect(publish).not.toMatch(/checkout|npm|node|\.ci/)
  })

  test.each(workflows)('%s puts no expression into a shell', (_, text) => {
    const scripts = [...text.matchAll(/^( *)(?:- )?run: *(.*(?:\n\1 {2,}.*)*)/gm)].map(
      ([, , script]) => script,
    )
    expect(scripts.length).toBeGreaterThan(0)
    expect(scripts.filter((script) => script?.includes('${{'))).toEqual([])
  })

  test.each(workflows)('%s leaves no credentials in the checkout', (_, text) => {
    expect(text.match(/actions\/checkout@/g)?.length).toBe(text.match(/persist-credentials: false/g)?.length)
  })
})
