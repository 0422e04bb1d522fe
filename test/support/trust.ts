import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** Makes this process trust the local certificate authority, as NODE_EXTRA_CA_CERTS would have at its start. */
export function trust(authority: { readonly caCertificatePem: string }): void {
  setDefaultCACertificates([...getCACertificates('default'), authority.caCertificatePem])
}
