import * as z from 'zod'

/** What an address of Azure names behind the account: `contoso.table.core.windows.net`, `contoso.vault.azure.net`. */
const SERVICES: readonly string[] = ['vault', 'managedhsm', 'blob', 'dfs', 'file', 'queue', 'table', 'web']

/**
 * The address of a service alone, as the SDKs want it: no slash at the end, though Azure shows one, and a host in lower case.
 * Refused is what stands next to it in the portal: a connection string, a SAS, another service's endpoint, the address of a table,
 * queue or secret.
 */
export function serviceAddress(service: 'vault' | 'table' | 'queue') {
  return z.string().transform((text, context) => {
    const problem = problemOf(text, service)
    if (problem === undefined) return addressOf(new URL(text))
    context.addIssue(problem)
    return z.NEVER
  })
}

function problemOf(text: string, service: string): string | undefined {
  if (/\b(AccountKey|AccountName|SharedAccessSignature|EndpointSuffix)=/i.test(text)) {
    return `must be the https:// URL of the ${service} service, not a connection string`
  }
  if (!/^https:\/\//i.test(text) || !URL.canParse(text)) return 'must be an https:// URL'
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return 'must hold no user name and no password'
  if (url.search !== '' || url.hash !== '')
    return 'must end before the ?, without a SAS: the broker signs in as itself'
  const named = serviceOf(url)
  if (named !== undefined && named !== service)
    return `must be the endpoint of the ${service} service, not of ${named}`
  // Where the host does not name the service, the account may be in the path, as with IP addresses.
  const isAlone = named === undefined && service !== 'vault' ? /^\/[a-z0-9]{3,24}$|^$/ : /^$/
  return isAlone.test(pathOf(url))
    ? undefined
    : `must be the address of the ${service} service alone, without a path`
}

/** The service that the host names, by Azure's own layout. `vaultcore`, `z12` and `privatelink` are those of private links and DNS zones. */
function serviceOf({ hostname }: URL): string | undefined {
  const label = hostname
    .split('.')
    .slice(1)
    .find((part) => !/^(privatelink|z\d+)$/.test(part))
  const service = label === 'vaultcore' ? 'vault' : label
  return SERVICES.find((name) => name === service)
}

function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, '')
}

function addressOf(url: URL): string {
  return `${url.origin}${pathOf(url)}`
}
