import { readFile } from 'node:fs/promises'
import tls, { type SecureContext } from 'node:tls'

/** Authorities one may trust, told apart by where they come from. */
export interface TrustStore {
  readonly name: string
  /** In PEM. Empty when there are none, or when a file is gone: who can do without it must still get through. */
  certificates(): Promise<readonly string[]>
}

/** Where distributions keep what the system trusts, for a Node that cannot ask for it (before 22.15). */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/** Everyone this machine trusts: Node's own authorities, those in the user's file and those of the system. */
export function trustStores(caFile: string | undefined): TrustStore[] {
  return [
    { name: "Node's own authorities", certificates: async () => tls.rootCertificates },
    ...(caFile === undefined ? [] : [{ name: caFile, certificates: () => readIfThere(caFile) }]),
    { name: 'the authorities of this system', certificates: systemAuthorities },
  ]
}

/** The certificates of all trust stores. Reading them takes some 70 ms. */
export async function allAuthorities(caFile: string | undefined): Promise<string[]> {
  return (await Promise.all(trustStores(caFile).map((store) => store.certificates()))).flat()
}

/** For after a certificate came that Node's own authorities do not vouch for. */
export async function trustEveryAuthority(caFile: string | undefined): Promise<SecureContext> {
  return tls.createSecureContext({ ca: await allAuthorities(caFile) })
}

async function systemAuthorities(): Promise<readonly string[]> {
  if (typeof tls.getCACertificates === 'function') return tls.getCACertificates('system')
  for (const path of bundles) {
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
