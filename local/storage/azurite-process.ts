/**
 * Runs Azurite as a child process that ends with its parent: when the channel to the parent closes, for whatever reason,
 * Azurite writes what it has not written yet and stops.
 */
const graceInMs = 3000

process.once('disconnect', () => {
  // Azurite listens for messages once it has started; before that there is nothing to write.
  if (process.listenerCount('message') === 0) process.exit(0)
  process.emit('message', 'shutdown', undefined)
  setTimeout(() => process.exit(1), graceInMs).unref()
})
// The parent may have ended before this was listened for.
if (!process.connected) process.exit(0)
// A closed pipe to a parent that is gone is no reason to lose data.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

await import(import.meta.resolve('azurite/dist/src/azurite.js'))
