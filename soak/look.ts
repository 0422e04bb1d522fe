import type { Look } from './growth.ts'

/**
 * Loaded into the broker's process beside it (`node --expose-gc --import`): at SIGUSR2 it collects garbage and writes what the
 * process holds, as a line among its log.
 */
process.on('SIGUSR2', () => {
  globalThis.gc?.()
  // Sockets and timers that are done leave their list with the next turn of the loop.
  setImmediate(() => {
    globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    const handles = process.getActiveResourcesInfo()
    const look: Look = {
      memoryInMiB: (heapUsed + external) / 2 ** 20,
      rssInMiB: rss / 2 ** 20,
      handles: handles.length,
      sockets: handles.filter((handle) => /^(TCP|TLS)(Socket)?Wrap$/i.test(handle)).length,
    }
    console.log(JSON.stringify({ event: 'look', ...look }))
  })
})
