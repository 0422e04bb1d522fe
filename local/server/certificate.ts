import 'reflect-metadata'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

export interface Issuer {
  readonly commonName: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface CertificateOptions {
  readonly commonName: string
  readonly publicKey: KeyObject
  /** The subject itself, for a self-signed certificate. */
  readonly issuer: Issuer
  readonly notBefore: Date
  readonly notAfter: Date
  /** Subject alternative names: host names and IP addresses. */
  readonly names?: readonly string[]
  /** Whether it may sign other certificates. */
  readonly isAuthority?: boolean
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

const algorithmOf = (key: KeyObject) => (key.asymmetricKeyType === 'ec' ? ecdsa : rsa)

const nameOf = (commonName: string) => [{ CN: [commonName] }]

/** An X.509 version 3 certificate (RFC 5280) in PEM, signed with SHA-256 by a P-256 or an RSA key. */
export async function createCertificate(options: CertificateOptions): Promise<string> {
  const { commonName, issuer, notBefore, notAfter, names = [], isAuthority = false } = options
  const publicKey = options.publicKey.toCryptoKey(algorithmOf(options.publicKey), true, ['verify'])
  const issuerPublicKey = issuer.publicKey.toCryptoKey(algorithmOf(issuer.publicKey), true, ['verify'])
  const signingKey = issuer.privateKey.toCryptoKey(algorithmOf(issuer.privateKey), false, ['sign'])
  const usage = isAuthority ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature
  const serverExtensions = [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(
      names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
    ),
  ]
  const certificate = await X509CertificateGenerator.create({
    subject: nameOf(commonName),
    issuer: nameOf(issuer.commonName),
    notBefore,
    notAfter,
    publicKey,
    signingKey,
    signingAlgorithm: algorithmOf(issuer.privateKey),
    extensions: [
      new BasicConstraintsExtension(isAuthority, undefined, true),
      new KeyUsagesExtension(usage, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(issuerPublicKey),
      ...(names.length > 0 ? serverExtensions : []),
    ],
  })
  return certificate.toString('pem')
}
