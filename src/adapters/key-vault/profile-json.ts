/** What a text that should be a client profile holds, or what is wrong with it: the cure, and nothing of the text. */
export type ProfileJson = { readonly value: unknown } | { readonly problem: string }

/** Reads JSON as people save and paste it. A byte order mark and white space around it do not matter. */
export function profileJsonOf(text: string): ProfileJson {
  const trimmed = text.trim()
  if (text.includes('\0')) return { problem: 'is in UTF-16: save it as UTF-8' }
  if (trimmed === '') return { problem: 'is empty: put the JSON of the profile into it' }
  const value = parsed(trimmed)
  if (typeof value === 'string' && isMeantAsProfile(value)) return IN_QUOTES
  if (value !== undefined) return { value }
  if (/^['"`\u2018-\u201F]/.test(trimmed)) return IN_QUOTES
  if (/[\u2018-\u201F]/.test(trimmed))
    return { problem: 'is not JSON: it has typographic quotes, use straight ones (")' }
  if (/,\s*[}\]]/.test(trimmed))
    return { problem: 'is not JSON: take out the comma before a closing bracket' }
  if (/^\{\s*'/.test(trimmed)) return { problem: 'is not JSON: use double quotes (")' }
  return { problem: 'is not JSON' }
}

/** Whether a text that is no JSON was meant to be a profile, as opposed to another program's secret. */
export function isMeantAsProfile(text: string): boolean {
  return /^['"`\u2018-\u201F]?\s*\{/.test(text.replaceAll('\0', '').replace(/^[\uFEFF\uFFFD\s]+/, ''))
}

const IN_QUOTES: ProfileJson = { problem: 'is in quotes: save the JSON without those around it' }

/** `undefined` when it is no JSON: JSON has no such value. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
