import { RestError } from '@azure/data-tables'

/** The entity is not there. A missing *table* is a fault, not an answer: it is a 404 as well. */
export function isAbsent(error: unknown): boolean {
  return error instanceof RestError && error.statusCode === 404 && codeOf(error) === 'ResourceNotFound'
}

/** The entity is not as the caller expected: it exists already (409) or has another etag (412). */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof RestError)) return false
  return error.statusCode === 412 || (error.statusCode === 409 && codeOf(error) === 'EntityAlreadyExists')
}

/** https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes */
function codeOf(error: RestError): string | undefined {
  const details = error.details as { odataError?: { code?: string } } | undefined
  return details?.odataError?.code
}

/** @returns the new etag, `undefined` when the row is not the one that was read, is there already, or is gone. */
export async function unlessChanged(write: () => Promise<{ etag?: string }>): Promise<string | undefined> {
  try {
    return (await write()).etag
  } catch (error) {
    if (isConflict(error) || isAbsent(error)) return undefined
    throw error
  }
}

/** For a row that may not be there. */
export function undefinedIfAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error
}

/** @returns false when the row changed since it was read; a row that is gone is removed. */
export async function removedUnlessChanged(remove: () => Promise<unknown>): Promise<boolean> {
  try {
    await remove()
    return true
  } catch (error) {
    if (isConflict(error)) return false
    undefinedIfAbsent(error)
    return true
  }
}
