/** A rule of the core, and the smallest change of its source that breaks it. */
export interface Mutant {
  readonly rule: string
  /** Under `src`. */
  readonly file: string
  /** Occurs once in the file. */
  readonly from: string
  readonly to: string
}

/** The simulation must find each of them: a rule that nobody misses is none. */
export const MUTANTS: readonly Mutant[] = [
  {
    rule: 'an expired token is not served',
    file: 'core/request/token-source.ts',
    from: "return token && freshnessOf(token, now(), 0) === 'fresh' ?",
    to: 'return token ?',
  },
  {
    rule: 'a token lives as long as the request asks for',
    file: 'core/request/fitness.ts',
    from: "if (isEnough) return isDue ? 'stale' : 'fresh'",
    to: "if (isEnough || !isDue) return isDue ? 'stale' : 'fresh'",
  },
  {
    rule: 'memory asks for the password',
    file: 'core/request/remembering-token-source.ts',
    from: 'if (remembered?.passwordDigest === passwordDigest) {\n      const { token, entryKey',
    to: 'if (remembered) {\n      const { token, entryKey',
  },
  {
    rule: 'memory forgets after five minutes',
    file: 'core/request/token-memory.ts',
    from: 'const MAX_AGE_IN_MS = 5 * 60_000',
    to: 'const MAX_AGE_IN_MS = 500 * 60_000',
  },
  {
    rule: 'memory keeps the password that was sent later',
    file: 'core/request/remembering-token-source.ts',
    from: '!current || current.verifiedOnTimestamp <= verifiedOnTimestamp',
    to: '!current || current.verifiedOnTimestamp >= verifiedOnTimestamp',
  },
  {
    rule: 'memory forgets a password that is refused',
    file: 'core/request/remembering-token-source.ts',
    from: 'if (isRefused && memory',
    to: 'if (!isRefused && memory',
  },
  {
    rule: 'an entry asks for the password',
    file: 'core/request/credential-check.ts',
    from: 'return stored && entry && isMatch ?',
    to: 'return stored && entry ?',
  },
  {
    rule: 'an entry of another client or resource is no entry',
    file: 'core/request/credential-check.ts',
    from: 'stored?.entry?.fingerprint === profile.fingerprint',
    to: 'Boolean(stored)',
  },
  {
    rule: 'a password is verified again after PASSWORD_MAX_AGE',
    file: 'core/request/token-source.ts',
    from: 'return now() - entry.verifiedOnTimestamp >= times * options.passwordMaxAgeInMs',
    to: 'return now() - entry.verifiedOnTimestamp >= times * 1000 * options.passwordMaxAgeInMs',
  },
  {
    rule: 'a password that was refused under another profile opens no entry',
    file: 'core/request/token-source.ts',
    from: 'return options.guard.wasRefusedSince(attempt, entry.verifiedOnTimestamp)',
    to: 'return options.guard.wasRefusedSince(attempt, Infinity)',
  },
  {
    rule: 'the timer refreshes on the word of no older password than PASSWORD_MAX_AGE',
    file: 'core/pre-refresh/sweep-plan.ts',
    from: 'times.now - entry.verifiedOnTimestamp < policy.passwordMaxAgeInMs',
    to: 'times.now - entry.verifiedOnTimestamp < 1000 * policy.passwordMaxAgeInMs',
  },
  {
    rule: 'of two passwords the one sent later is stored',
    file: 'core/entry/entry-writer.ts',
    from: 'current.entry.verifiedOnTimestamp > entry.verifiedOnTimestamp',
    to: 'current.entry.verifiedOnTimestamp < entry.verifiedOnTimestamp',
  },
  {
    rule: 'an entry whose password is refused is forgotten',
    file: 'core/request/password-grant.ts',
    from: 'if (isRefused && how.wasAccepted && inquiry.stored)',
    to: 'if (!isRefused && how.wasAccepted && inquiry.stored)',
  },
  {
    rule: 'one refresh at a time',
    file: 'core/entry/entry-refresh.ts',
    from: 'return await writer.lease(key, stored, now() + leaseInMs)',
    to: 'return stored',
  },
  {
    rule: 'a lease holds until it is over',
    file: 'core/entry/token-entry.ts',
    from: 'return leasedUntilTimestamp > now &&',
    to: 'return leasedUntilTimestamp > now + leaseInMs &&',
  },
  {
    rule: 'a refreshed cache is stored',
    file: 'core/entry/entry-writer.ts',
    from: 'const etag = await store.write(key, entry, lastUsedTimestamp, stored.etag)',
    to: 'const etag = await store.write(key, entry, lastUsedTimestamp, `${stored.etag}?`)',
  },
  {
    rule: 'concurrent requests for the same share one sign-in',
    file: 'core/single-flight.ts',
    from: 'if (running) return running',
    to: 'if (running === undefined) inFlight.delete(key)',
  },
  {
    rule: 'the hint goes before the entry',
    file: 'core/entry/entry-hint.ts',
    from: 'await options.dueIndex.add({ entryKey: key, dueTimestamp }).catch(() => {})',
    to: 'void dueTimestamp',
  },
  {
    rule: 'a hint goes when its entry has another one',
    file: 'core/entry/entry-writer.ts',
    from: 'await dueIndex.add({ entryKey: hint.entryKey, dueTimestamp })\n',
    to: '',
  },
  {
    rule: 'dead grants are dropped',
    file: 'core/pre-refresh/refresh-sweep.ts',
    from: "if (failure.category === 'dead_grant') return evicted(hint, entry)",
    to: "if (failure.category === 'dead_grant') return 'passed'",
  },
  {
    rule: 'what nobody uses is not refreshed for ever',
    file: 'core/pre-refresh/sweep-plan.ts',
    from: 'opened.lastUsedTimestamp + idleEvictionInMs',
    to: 'opened.lastUsedTimestamp + 1000 * idleEvictionInMs',
  },
  {
    rule: 'a refresh by the timer is no use',
    file: 'core/pre-refresh/refresh-sweep.ts',
    from: 'lastUsedTimestamp: opened.lastUsedTimestamp,',
    to: 'lastUsedTimestamp: now(),',
  },
  {
    rule: 'an entry in use is not evicted',
    file: 'core/entry/entry-writer.ts',
    from: 'isNotable && store.mark',
    to: 'isNotable && Number.isNaN(now) && store.mark',
  },
  {
    rule: 'three different wrong passwords in a window',
    file: 'core/request/refusals.ts',
    from: 'counted.length < limits.maxRefusedPasswords',
    to: 'counted.length <= limits.maxRefusedPasswords',
  },
  {
    rule: 'a place is reserved before Entra ID is asked',
    file: 'core/request/refusals.ts',
    from: "state: 'reserved',\n    untilTimestamp: now + windowInMsOf(refusals, limits),\n    isCounted: true,",
    to: "state: 'reserved',\n    untilTimestamp: now + windowInMsOf(refusals, limits),\n    isCounted: false,",
  },
  {
    rule: 'a refused password keeps its place for the window',
    file: 'core/request/refusals.ts',
    from: "{ ...own, state: 'refused', madeOnTimestamp: now, untilTimestamp }",
    to: "{ ...own, state: 'refused', madeOnTimestamp: now, untilTimestamp: now + 60_000 }",
  },
  {
    rule: 'a lost answer counts',
    file: 'core/request/refusals.ts',
    from: "tries: [...others, { ...own, state: 'unknown', losses, madeOnTimestamp: now, untilTimestamp }]",
    to: 'tries: others',
  },
  {
    rule: 'places are shared by all instances',
    file: 'core/request/refusal-rows.ts',
    from: 'const written = await store.write(key, refusals, etag)',
    to: "const written: string | undefined = etag ?? 'here'",
  },
  {
    rule: 'the same refused password is asked once in a window',
    file: 'core/request/refusals.ts',
    from: "if (same?.state === 'refused') {",
    to: "if (same?.state === 'refused' && now < 0) {",
  },
  {
    rule: 'a locked account is asked again only after its time',
    file: 'core/request/refusals.ts',
    from: 'if (now < refusals.lockedUntilTimestamp) {',
    to: 'if (now < 0) {',
  },
  {
    rule: 'an accepted password frees its place',
    file: 'core/request/lockout-guard.ts',
    from: 'if (!isKnown) await rows.read(attempt.rowKey)',
    to: "if (outcome === 'accepted') return undefined",
  },
  {
    rule: "Entra ID's Retry-After is obeyed",
    file: 'core/provider/pauses.ts',
    from: 'lengthInMs ?? Math.max(doubledInMs, askedInMs)',
    to: 'lengthInMs ?? doubledInMs',
  },
  {
    rule: "an account's failure is not another's",
    file: 'core/provider/pauses.ts',
    from: 'const ACCOUNTS_BEFORE_AUTHORITY_PAUSE = 3',
    to: 'const ACCOUNTS_BEFORE_AUTHORITY_PAUSE = 1',
  },
  {
    rule: 'a probe makes way for the next',
    file: 'core/provider/pauses.ts',
    from: 'if (isProbe) state.isProbing = false',
    to: 'if (isProbe) state.isProbing = true',
  },
  {
    rule: 'a passing failure costs nothing while the token lives',
    file: 'core/request/token-source.ts',
    from: "if (!isPassing(error) || freshnessOf(held.token, now(), 0) === 'expired') throw error",
    to: 'if (held) throw error',
  },
]
