/** Under the host's `functionTimeout` of five minutes (`host.json`). What is left over by then is still in the due index. */
export const FUNCTION_TIME_LIMIT_IN_MS = 4 * 60_000
