import { readFile } from 'node:fs/promises'
import tls, { type SecureContext } from 'node:tls'

/** Where distributions keep what the system trusts, for a Node that cannot ask for it (before 22.15). */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
]

/**
 * Everyone this machine trusts: Node's own authorities, those in the user's file and those of the system. Reading
 * them takes some 70 ms, so ask only after a certificate came that Node's own do not vouch for.
 */
export async function gatherAuthorities(caFile: string | undefined): Promise<SecureContext> {
  const own = caFile === undefined ? undefined : await readIfThere(caFile)
  const ca = [...tls.rootCertificates, ...(own === undefined ? [] : [own]), ...(await systemAuthorities())]
  return tls.createSecureContext({ ca })
}

async function systemAuthorities(): Promise<readonly string[]> {
  if (typeof tls.getCACertificates === 'function') return tls.getCACertificates('system')
  for (const path of bundles) {
    const bundle = await readIfThere(path)
    if (bundle !== undefined) return [bundle]
  }
  return []
}

/** A file that is gone must not keep from the network whoever can do without it; others read of it in the error. */
function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
