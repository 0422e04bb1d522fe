import { request } from 'node:https'
import { queueNames, tableNames } from '../../src/storage-names.ts'
import type { Azurite } from './azurite.ts'

export interface StorageAccess {
  readonly caCertificatePem: string
  /** A bearer token for `https://storage.azure.com`. */
  readonly token: string
}

const madeOrThere: readonly number[] = [201, 204, 409]

/** Makes the tables and queues that the deployment makes, or finds that they are there. */
export async function fillStorageAccount(
  { tableServiceUrl, queueServiceUrl }: Pick<Azurite, 'tableServiceUrl' | 'queueServiceUrl'>,
  access: StorageAccess,
): Promise<void> {
  await Promise.all([
    ...Object.values(tableNames).map((name) =>
      create('POST', `${tableServiceUrl}/Tables`, access, { TableName: name }),
    ),
    ...Object.values(queueNames).map((name) => create('PUT', `${queueServiceUrl}/${name}`, access)),
  ])
}

/** Not by the SDK: this process may not trust the certificate authority, which is younger than it. */
function create(method: string, url: string, access: StorageAccess, body?: object): Promise<void> {
  const headers = {
    Authorization: `Bearer ${access.token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json;odata=nometadata',
    'x-ms-version': '2019-02-02',
  }
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers, ca: access.caCertificatePem, agent: false }, (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (madeOrThere.includes(statusCode)) resolve()
      else reject(new Error(`Azurite answered ${statusCode} to ${method} ${url}`))
    })
    call.on('error', reject)
    call.end(body && JSON.stringify(body))
  })
}
