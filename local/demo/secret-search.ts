/** Looks for secrets in bytes. @returns one line for each that was found: its name and its form. */
export type SecretSearch = (bytes: Buffer) => string[]

/** Longer secrets are looked for in parts of this length, so that one that was cut in two is found as well. */
const partLength = 32

function partsOf(secret: string): readonly string[] {
  const { length } = secret
  if (length <= 3 * partLength) return [secret]
  return [0, (length - partLength) / 2, length - partLength].map((start) =>
    secret.slice(start, start + partLength),
  )
}

/**
 * What `bytes` look like inside a longer text in base64 (RFC 4648, section 4), for each of the three places at which they may
 * begin in a group of three; without the characters that depend on what stands next to them.
 */
function base64FormsOf(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '')
    const isCutOff = (offset + bytes.length) % 3 !== 0
    return encoded.slice(Math.ceil((offset * 4) / 3), isCutOff ? -1 : undefined)
  })
}

function formsOf(text: string): readonly (readonly [form: string, needle: Buffer])[] {
  const utf8 = Buffer.from(text)
  const utf16 = Buffer.from(text, 'utf16le')
  const base64 = base64FormsOf(utf8)
  const all: readonly (readonly [string, readonly (string | Buffer)[]])[] = [
    ['text', [utf8]],
    ['UTF-16', [utf16, Buffer.from(utf16).swap16()]],
    ['base64', base64],
    ['base64url', base64.map((each) => each.replaceAll('+', '-').replaceAll('/', '_'))],
    ['base64 of UTF-16', [utf16, Buffer.from(utf16).swap16()].flatMap((each) => base64FormsOf(each))],
    ['hexadecimal', [utf8.toString('hex'), utf8.toString('hex').toUpperCase()]],
    ['percent-encoded', [encodeURIComponent(text)]],
  ]
  return all.flatMap(([form, needles]) => needles.map((needle) => [form, Buffer.from(needle)] as const))
}

/** @param secrets by name; only the names are ever reported. */
export function createSecretSearch(secrets: Readonly<Record<string, readonly string[]>>): SecretSearch {
  const needles = Object.entries(secrets).flatMap(([name, values]) =>
    [...new Set(values)]
      .flatMap((value) => partsOf(value))
      .flatMap((part) => formsOf(part).map(([form, needle]) => ({ finding: `${name} as ${form}`, needle }))),
  )
  return (bytes) => [
    ...new Set(needles.filter(({ needle }) => bytes.includes(needle)).map(({ finding }) => finding)),
  ]
}
