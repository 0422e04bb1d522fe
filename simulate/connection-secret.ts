import type { ConnectionSecrets } from '../src/core/connection/connection-secrets.ts'

const END = '_whole'
/** It has the form of one. */
export const UNMADE = `etb_unmade${END}`

/** One that lost its end on its way into the flow. */
export const cutOf = (secret: string): string => secret.slice(0, -END.length)

/** The same promises as the real ones': numbers in place of chance, and an end in place of a checksum. */
export function createConnectionSecrets(instance: string): ConnectionSecrets {
  let created = 0
  return {
    create: () => `etb_${instance}_${(created += 1)}${END}`,
    isMeant: isMeantAsSecret,
    isWhole: (text) => text.startsWith('etb_') && text.endsWith(END),
    digestOf: (secret) => `digest of ${secret}`,
    matches: (digest, secret) => digest === `digest of ${secret}`,
  }
}

export function isMeantAsSecret(text: string): boolean {
  return text.trimStart().slice(0, 4).toLowerCase() === 'etb_'
}
