/** The tables of the data account. They are made at deployment: the broker has no right to create them. */
export const tableNames = {
  tokenCache: 'tokencache',
  refreshDue: 'refreshdue',
  refusals: 'refusals',
  activity: 'activity',
  connections: 'connections',
} as const

/** The queues of the data account, likewise. */
export const queueNames = { refreshChunk: 'refreshchunk' } as const
