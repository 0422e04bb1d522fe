import { relative } from 'node:path'
import type { Azurite } from '../storage/azurite.ts'

/** Azurite's well-known key: https://learn.microsoft.com/azure/storage/common/storage-use-azurite. */
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/**
 * The `local.settings.json` with which `func start` finds the emulators. Paths are relative to the repository, which is the
 * worker's working directory.
 *
 * @param hostStorage the Functions host's own storage, over plain HTTP: the host does not trust our certificate authority.
 */
export function localSettingsOf(
  environment: Readonly<Record<string, string>>,
  hostStorage: Pick<Azurite, 'blobServiceUrl' | 'queueServiceUrl' | 'tableServiceUrl'>,
) {
  const values = {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: [
      'DefaultEndpointsProtocol=http',
      'AccountName=devstoreaccount1',
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${hostStorage.blobServiceUrl}`,
      `QueueEndpoint=${hostStorage.queueServiceUrl}`,
      `TableEndpoint=${hostStorage.tableServiceUrl}`,
    ].join(';'),
    // For the same reason the host cannot read the emulated queue. It is used above REFRESH_FANOUT_ABOVE entries only.
    'AzureWebJobs.refreshchunk.Disabled': 'true',
    languageWorkers__node__arguments: '--import=./local/server/loopback-names.ts',
    ...environment,
    NODE_EXTRA_CA_CERTS: relative(process.cwd(), environment['NODE_EXTRA_CA_CERTS'] ?? ''),
  }
  return { IsEncrypted: false, Values: values }
}
