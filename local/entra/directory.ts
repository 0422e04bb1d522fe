import { createHash, randomUUID } from 'node:crypto'
import * as z from 'zod'
import { AadstsError, assertKnownAadstsCode } from './aadsts-error.ts'
import type { StateFile } from '../process/state-file.ts'
import { createSmartLockout } from './smart-lockout.ts'

export interface UserOptions {
  readonly username: string
  readonly password: string
  readonly objectId?: string | undefined
  /** The code of the person's authenticator: without it a password alone is refused with 50076. */
  readonly secondFactor?: string | undefined
  /** An AADSTS code: what this user's sign-ins and refreshes come to although the credentials are right. */
  readonly failWith?: number | undefined
}

const entraUserSchema = z.object({
  username: z.string(),
  objectId: z.string(),
  /** So that the password itself is in no file. */
  passwordHash: z.string(),
  failWith: z.number().optional(),
  /** The code itself: it protects nothing. */
  secondFactor: z.string().optional(),
  /** Rises with each change of the password. */
  passwordGeneration: z.number(),
  /** Rises with each revocation of the refresh tokens, public and confidential clients' alike. */
  revocationGeneration: z.number(),
  /** The AADSTS code for a refresh token of before the revocation. */
  revocationCode: z.number(),
})

export type EntraUser = z.infer<typeof entraUserSchema>

/** The users by their names in lower case. */
export const directoryStateSchema = z.record(z.string(), entraUserSchema)

export type DirectoryState = z.infer<typeof directoryStateSchema>

/** The users. Names are case-insensitive. */
export interface EntraDirectory {
  /** Adds or replaces users. */
  readonly setUser: (...users: readonly UserOptions[]) => void
  /** As when the user changes it: the password-grant refresh tokens of public clients die with 50173. */
  readonly setPassword: (username: string, password: string) => void
  /** Kills the refresh tokens of one user, or of all: `code` (default 50173) is what their use is answered with. */
  readonly revokeRefreshTokens: (username?: string, code?: number) => void
  readonly find: (username: string) => EntraUser | undefined
  /** @throws {AadstsError} 50034, 50053, 50126, or the user's `failWith`. */
  readonly signIn: (username: string, password: string, tenant: string) => EntraUser
  /** As a person does, in a browser. @throws {AadstsError} as `signIn`, and 500121 for a wrong code. */
  readonly signInInteractively: (
    username: string,
    password: string,
    code: string,
    tenant: string,
  ) => EntraUser
}

const hashOf = (objectId: string, password: string): string =>
  createHash('sha256').update(`${objectId} ${password}`).digest('base64url')

function userOf(options: UserOptions, previous: EntraUser | undefined): EntraUser {
  const { username, password, failWith, secondFactor } = options
  if (failWith !== undefined) assertKnownAadstsCode(failWith)
  const objectId = options.objectId ?? previous?.objectId ?? randomUUID()
  const passwordHash = hashOf(objectId, password)
  return {
    username,
    objectId,
    passwordHash,
    ...(failWith !== undefined && { failWith }),
    ...(secondFactor !== undefined && { secondFactor }),
    passwordGeneration:
      (previous?.passwordGeneration ?? 0) + (previous?.passwordHash === passwordHash ? 0 : 1),
    revocationGeneration: previous?.revocationGeneration ?? 0,
    revocationCode: previous?.revocationCode ?? 50173,
  }
}

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
  function signIn(username: string, password: string, tenant: string): EntraUser {
    const user = find(username)
    if (!user) throw new AadstsError(50034, { username, tenant })
    if (lockout.isLocked(key(username))) throw new AadstsError(50053, { username })
    if (user.passwordHash !== hashOf(user.objectId, password)) {
      lockout.passwordRefused(key(username), password)
      throw new AadstsError(50126, { username })
    }
    lockout.passwordAccepted(key(username))
    return user
  }
  return {
    find,
    setUser: (...users) => {
      for (const user of users) {
        state[key(user.username)] = userOf(user, find(user.username))
        lockout.passwordAccepted(key(user.username))
      }
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
      const user = signIn(username, password, tenant)
      if (user.secondFactor !== undefined) throw new AadstsError(50076, { username })
      return user
    },
    signInInteractively: (username, password, code, tenant) => {
      const user = signIn(username, password, tenant)
      const { secondFactor, failWith } = user
      if (secondFactor !== undefined && code !== secondFactor) throw new AadstsError(500121, { username })
      if (failWith !== undefined) throw new AadstsError(failWith, { username, tenant })
      return user
    },
  }
}
