import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { generate, type CertificateExtension } from 'selfsigned'
import { machineNow } from '../process/machine-clock.ts'
import { StartError } from '../process/start-error.ts'

interface Pems {
  readonly caCertificatePem: string
  readonly serverKeyPem: string
  readonly serverCertificatePem: string
}

export interface CertificateAuthority extends Pems {
  readonly caFile: string
  readonly serverKeyFile: string
  readonly serverCertificateFile: string
}

const dayInMs = 24 * 60 * 60 * 1000

/** Node.js matches no wildcard directly under a top-level name, so each name below `localhost` is spelled out. */
const serverNames = ['localhost', 'vault.localhost', '*.localhost', '127.0.0.1', '::1']

const authorityExtensions: readonly CertificateExtension[] = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, critical: true },
]

const serverExtensions: readonly CertificateExtension[] = [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'keyUsage', digitalSignature: true, critical: true },
  { name: 'extKeyUsage', serverAuth: true },
  {
    name: 'subjectAltName',
    altNames: serverNames.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
  },
]

async function createPems(): Promise<Pems> {
  const now = machineNow()
  const shared = {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - dayInMs),
    notAfterDate: new Date(now + 365 * dayInMs),
  } as const
  // A name of its own: a client that trusts an older authority as well must not take one for the other.
  const name = `entra-token-broker local CA ${new Date(now).toISOString()}`
  const authority = await generate([{ name: 'commonName', value: name }], {
    ...shared,
    extensions: [...authorityExtensions],
  })
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...shared,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [...serverExtensions],
  })
  return {
    caCertificatePem: withFinalNewline(authority.cert),
    serverKeyPem: withFinalNewline(server.private),
    serverCertificatePem: withFinalNewline(server.cert),
  }
}

/** Without one, a file to which it is appended is broken. */
const withFinalNewline = (pem: string): string => `${pem.trim()}\n`

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** @returns whether they are good for another week. @throws when they are no certificates, or do not belong together. */
function areUsable({ caCertificatePem, serverKeyPem, serverCertificatePem }: Pems): boolean {
  const authority = new X509Certificate(caCertificatePem)
  const server = new X509Certificate(serverCertificatePem)
  const belong =
    server.checkIssued(authority) &&
    server.verify(authority.publicKey) &&
    server.checkPrivateKey(createPrivateKey(serverKeyPem))
  if (!belong) throw new Error('the certificates do not belong together')
  return Date.parse(server.validTo) > machineNow() + 7 * dayInMs
}

/**
 * A certificate for `localhost`, and the authority that signed it, kept in `folder` and made anew in the week before it
 * expires. The authority's private key is never written, so nothing else can be signed with it.
 *
 * @throws {StartError} when what is kept is broken.
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
  if (caCertificatePem !== undefined && serverKeyPem !== undefined && serverCertificatePem !== undefined) {
    const kept = { caCertificatePem, serverKeyPem, serverCertificatePem }
    try {
      if (areUsable(kept)) return { ...kept, ...files }
    } catch (cause) {
      throw new StartError(
        `The certificates in ${folder} are broken. Delete that folder, or start afresh with --reset.`,
        { cause },
      )
    }
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
