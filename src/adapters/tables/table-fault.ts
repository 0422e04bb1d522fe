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
