import { createHash, randomUUID } from 'node:crypto'
import { AadstsError, assertKnownAadstsCode } from './aadsts-error.ts'
import type { StateFile } from '../process/state-file.ts'
import { createSmartLockout } from './smart-lockout.ts'

export interface UserOptions {
  readonly username: string
  readonly password: string
  readonly objectId?: string | undefined
  /** An AADSTS code: what this user's sign-ins and refreshes come to although the credentials are right. */
  readonly failWith?: number | undefined
}

export interface EntraUser {
  username: string
  objectId: string
  /** So that the password itself is in no file. */
  passwordHash: string
  failWith?: number
  /** Rises with each change of the password. */
  passwordGeneration: number
  /** Rises with each revocation of the refresh tokens, public and confidential clients' alike. */
  revocationGeneration: number
  /** The AADSTS code for a refresh token of before the revocation. */
  revocationCode: number
}

export type DirectoryState = Record<string, EntraUser>

/** The users. Names are case-insensitive. */
export interface EntraDirectory {
  /** Adds or replaces a user. */
  readonly setUser: (user: UserOptions) => void
  /** As when the user changes it: the password-grant refresh tokens of public clients die with 50173. */
  readonly setPassword: (username: string, password: string) => void
  /** Kills the refresh tokens of one user, or of all: `code` (default 50173) is what their use is answered with. */
  readonly revokeRefreshTokens: (username?: string, code?: number) => void
  readonly find: (username: string) => EntraUser | undefined
  /** @throws {AadstsError} 50034, 50053, 50126, or the user's `failWith`. */
  readonly signIn: (username: string, password: string, tenant: string) => EntraUser
}

const hashOf = (objectId: string, password: string): string =>
  createHash('sha256').update(`${objectId} ${password}`).digest('base64url')

export function createEntraDirectory(
  { state, save }: StateFile<DirectoryState>,
  now: () => number,
): EntraDirectory {
  const lockout = createSmartLockout(now)
  const key = (username: string): string => username.toLowerCase()
  const find = (username: string): EntraUser | undefined => state[key(username)]
  const known = (username: string): EntraUser => {
    const user = find(username)
    if (!user) throw new RangeError(`The emulator has no user ${username}`)
    return user
  }
  return {
    find,
    setUser: ({ username, password, objectId, failWith }) => {
      if (failWith !== undefined) assertKnownAadstsCode(failWith)
      const previous = find(username)
      const id = objectId ?? previous?.objectId ?? randomUUID()
      const passwordHash = hashOf(id, password)
      state[key(username)] = {
        username,
        objectId: id,
        passwordHash,
        ...(failWith !== undefined && { failWith }),
        passwordGeneration:
          (previous?.passwordGeneration ?? 0) + (previous?.passwordHash === passwordHash ? 0 : 1),
        revocationGeneration: previous?.revocationGeneration ?? 0,
        revocationCode: previous?.revocationCode ?? 50173,
      }
      lockout.passwordAccepted(key(username))
      save()
    },
    setPassword: (username, password) => {
      const user = known(username)
      user.passwordHash = hashOf(user.objectId, password)
      user.passwordGeneration += 1
      save()
    },
    revokeRefreshTokens: (username, code = 50173) => {
      assertKnownAadstsCode(code)
      for (const user of username === undefined ? Object.values(state) : [known(username)]) {
        user.revocationGeneration += 1
        user.revocationCode = code
      }
      save()
    },
    signIn: (username, password, tenant) => {
      const user = find(username)
      if (!user) throw new AadstsError(50034, { username, tenant })
      if (lockout.isLocked(key(username))) throw new AadstsError(50053, { username })
      if (user.passwordHash !== hashOf(user.objectId, password)) {
        lockout.passwordRefused(key(username), password)
        throw new AadstsError(50126, { username })
      }
      lockout.passwordAccepted(key(username))
      return user
    },
  }
}
