/**
 * One byte of a password's keyed digest. It lies beside the verifier: a password that differs in it is another one, which is
 * known without a slow hash. It lowers that hash's wall by a factor of 256, and no more.
 */
export function checkOf(digest: string): string {
  // Two characters of base64url hold 12 bits: take 8 of them.
  return digest.slice(0, 1) + (ALPHABET.indexOf(digest.charAt(1)) >> 4)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
