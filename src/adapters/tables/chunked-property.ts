/** A binary property's limit in Table Storage. */
const CHUNK_IN_BYTES = 64 * 1024
/** An entity may have 1 MiB; this leaves room for its keys, names and clear properties. */
export const MAX_CHUNKED_IN_BYTES = 900 * 1024

/** Spreads bytes over as many binary properties as they need: `Sealed0`, `Sealed1`, … */
export function chunkedPropertyOf(name: string, bytes: Uint8Array): Record<string, Uint8Array> {
  const chunks: Record<string, Uint8Array> = {}
  for (let at = 0; at < bytes.length; at += CHUNK_IN_BYTES) {
    chunks[`${name}${at / CHUNK_IN_BYTES}`] = bytes.subarray(at, at + CHUNK_IN_BYTES)
  }
  return chunks
}

/** The inverse; reads up to the first chunk that is missing. */
export function bytesOfChunkedProperty(name: string, entity: Readonly<Record<string, unknown>>): Uint8Array {
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = entity[`${name}${chunks.length}`]
    if (!ArrayBuffer.isView(chunk)) return Buffer.concat(chunks)
    chunks.push(chunk as Uint8Array)
  }
}
