import { readFile } from 'node:fs/promises'
import tls from 'node:tls'
import type { Network } from '../http/network.ts'

/** Authorities one may trust, told apart by where they come from. */
export interface TrustStore {
  readonly name: string
  certificates(): Promise<readonly string[]>
}

// Where distributions keep what the system trusts, for a Node that cannot ask for it (before 22.15).
const systemFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/** In the order in which the bridge asks them. */
export function trustStores({ caFile }: Network): TrustStore[] {
  return [
    { name: "Node's own authorities", certificates: async () => tls.rootCertificates },
    ...(caFile === undefined ? [] : [{ name: caFile, certificates: () => readIfThere(caFile) }]),
    { name: 'the authorities of this system', certificates: systemCertificates },
  ]
}

export async function trustedCertificates(network: Network): Promise<string[]> {
  return (await Promise.all(trustStores(network).map((store) => store.certificates()))).flat()
}

async function systemCertificates(): Promise<readonly string[]> {
  if (typeof tls.getCACertificates === 'function') return tls.getCACertificates('system')
  for (const path of systemFiles) {
    const bundle = await readIfThere(path)
    if (bundle.length > 0) return bundle
  }
  return []
}

async function readIfThere(path: string): Promise<string[]> {
  return readFile(path, 'utf8').then(
    (text) => [text],
    () => [],
  )
}
