import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createCertificate } from './certificate.ts'
import { machineNow } from '../process/machine-clock.ts'

export interface CertificateAuthority {
  readonly caCertificatePem: string
  readonly serverKeyPem: string
  readonly serverCertificatePem: string
  readonly caFile: string
  readonly serverKeyFile: string
  readonly serverCertificateFile: string
}

const dayInMs = 24 * 60 * 60 * 1000

/** Node.js matches no wildcard directly under a top-level name, so each name below `localhost` is spelled out. */
const serverNames = ['localhost', 'vault.localhost', '*.localhost', '127.0.0.1', '::1']

async function createPems(): Promise<
  Record<'caCertificatePem' | 'serverKeyPem' | 'serverCertificatePem', string>
> {
  const validity = {
    notBefore: new Date(machineNow() - dayInMs),
    notAfter: new Date(machineNow() + 365 * dayInMs),
  }
  const issuer = {
    commonName: `entra-token-broker local CA ${new Date(machineNow()).toISOString()}`,
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    caCertificatePem: await createCertificate({ ...issuer, issuer, ...validity, isAuthority: true }),
    serverKeyPem: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    serverCertificatePem: await createCertificate({
      commonName: 'localhost',
      publicKey: server.publicKey,
      issuer,
      ...validity,
      names: serverNames,
    }),
  }
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const isUsable = (certificatePem: string): boolean =>
  Date.parse(new X509Certificate(certificatePem).validTo) > machineNow() + 7 * dayInMs

/**
 * A certificate for `localhost`, and the authority that signed it, kept in `folder` and made anew in the week before it
 * expires. The authority's private key is never written, so nothing else can be signed with it.
 */
export async function loadOrCreateCertificateAuthority(folder: string): Promise<CertificateAuthority> {
  const files = {
    caFile: resolve(folder, 'ca.pem'),
    serverKeyFile: resolve(folder, 'server-key.pem'),
    serverCertificateFile: resolve(folder, 'server.pem'),
  }
  const [caCertificatePem, serverKeyPem, serverCertificatePem] = await Promise.all([
    readIfPresent(files.caFile),
    readIfPresent(files.serverKeyFile),
    readIfPresent(files.serverCertificateFile),
  ])
  if (caCertificatePem && serverKeyPem && serverCertificatePem && isUsable(serverCertificatePem)) {
    return { caCertificatePem, serverKeyPem, serverCertificatePem, ...files }
  }
  const pems = await createPems()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const write = async (file: string, pem: string): Promise<void> => {
    const temporaryFile = join(folder, `.${process.pid}.pem`)
    await writeFile(temporaryFile, pem, { mode: 0o600 })
    await rename(temporaryFile, file)
  }
  await write(files.caFile, pems.caCertificatePem)
  await write(files.serverKeyFile, pems.serverKeyPem)
  await write(files.serverCertificateFile, pems.serverCertificatePem)
  return { ...pems, ...files }
}
