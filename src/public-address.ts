import * as z from 'zod'

const ALLOWED = /^(https:\/\/|http:\/\/localhost(:|\/|$))/i

/**
 * An `https://` origin; over plain HTTP `localhost` alone, as Entra ID has it for addresses that it sends browsers back to. A path is
 * refused: RFC 8414 puts the metadata of an issuer with a path before that path, where no function of this app is.
 */
export const publicAddress = z.string().transform((text, context) => {
  const url = ALLOWED.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url?.href === `${url?.origin}/`) return url.origin
  context.addIssue('must be https:// and a host alone, such as https://broker.contoso.com')
  return z.NEVER
})
