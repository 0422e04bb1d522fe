import { afterEach } from '@jest/globals'

const undoings: (() => unknown)[] = []

afterEach(async () => {
  for (const undo of undoings.splice(0).toReversed()) await undo()
})

/** Undoes, after the test that is running and whether it passes or not, what the test did: the last first. */
export function onTestFinished(undo: () => unknown): void {
  undoings.push(undo)
}
