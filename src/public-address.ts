import * as z from 'zod'

/**
 * An `https://` origin. A path is refused: RFC 8414 puts the metadata of an issuer with a path before that path, where no function
 * of this app is.
 */
export const publicAddress = z.string().transform((text, context) => {
  const url = /^https:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url?.href === `${url?.origin}/`) return url.origin
  context.addIssue('must be https:// and a host alone, such as https://broker.contoso.com')
  return z.NEVER
})
