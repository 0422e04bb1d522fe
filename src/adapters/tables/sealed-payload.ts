import { EnvelopeError, keyIdOf, open, seal, type SealingKey } from '../../crypto/envelope.ts'

/** The keys that rows are sealed with. */
export interface KeyRing {
  /** For writing. Rejects when there is none. */
  current(): Promise<SealingKey>
  /** For reading. `absent`: there is no such key and never will be. `unavailable`: it cannot be had now. */
  byId(id: string): Promise<SealingKey | 'absent' | 'unavailable'>
}

/** Why a payload does not open: `never` whatever key comes, or `not_now`. */
export type Unopened = 'never' | 'not_now'

/** JSON values, each sealed so that it opens in its own row alone. */
export interface SealedPayloads {
  seal(partitionKey: string, value: unknown): Promise<Uint8Array>
  open(partitionKey: string, envelope: Uint8Array): Promise<{ readonly value: unknown } | Unopened>
}

export function createSealedPayloads(keyRing: KeyRing, tableName: string, rowKey: string): SealedPayloads {
  const associatedDataOf = (partitionKey: string) => [tableName, partitionKey, rowKey].join('\n')
  return {
    async seal(partitionKey, value) {
      const payload = Buffer.from(JSON.stringify(value))
      return seal(await keyRing.current(), payload, associatedDataOf(partitionKey))
    },
    async open(partitionKey, envelope) {
      try {
        const key = await keyRing.byId(keyIdOf(envelope))
        if (key === 'absent') return 'never'
        if (key === 'unavailable') return 'not_now'
        const payload = open(key, envelope, associatedDataOf(partitionKey))
        return { value: JSON.parse(Buffer.from(payload).toString()) as unknown }
      } catch (error) {
        if (error instanceof EnvelopeError || error instanceof SyntaxError) return 'never'
        throw error
      }
    },
  }
}
