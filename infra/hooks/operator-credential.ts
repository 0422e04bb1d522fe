import {
  AzureCliCredential,
  AzureDeveloperCliCredential,
  AzurePowerShellCredential,
  ChainedTokenCredential,
  EnvironmentCredential,
  type TokenCredential,
} from '@azure/identity'

/**
 * Whoever is signed in to azd, else to the Azure CLI, else to Azure PowerShell, else a service principal in the environment.
 * azd comes first: in a pipeline it fetches a new assertion whenever it needs one, where `az` holds one of a few minutes.
 *
 * @param tenantId the vault's tenant. Without it, the one that each of them is signed in to.
 */
export function createOperatorCredential(tenantId: string | undefined): TokenCredential {
  const options = { ...(tenantId && { tenantId }), processTimeoutInMs: 60_000 }
  return new ChainedTokenCredential(
    new AzureDeveloperCliCredential(options),
    new AzureCliCredential(options),
    new AzurePowerShellCredential(options),
    new EnvironmentCredential(),
  )
}
