import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface KeyPair {
  readonly key: string
  readonly cert: string
}

/** A private authority whose certificates are made by openssl, with its own certificate in `file`. */
export function createAuthority(name: string): {
  file: string
  issue(options: { names: string; days: number }): KeyPair
} {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-authority-'))
  const path = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-days',
    '30',
    '-subj',
    `/O=${name}`,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  )
  return {
    file: path('ca.pem'),
    /** `names` as OpenSSL writes them: `DNS:a,DNS:b`. Fewer than no days make one that has expired. */
    issue({ names, days }) {
      openssl('req', ...newKey, '-subj', '/CN=gateway', '-keyout', 'leaf.key', '-out', 'leaf.csr')
      writeFileSync(path('names'), `subjectAltName=${names}\n`)
      const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
      openssl('x509', '-req', '-in', 'leaf.csr', ...authority, '-extfile', 'names', '-out', 'leaf.pem')
      return { key: readFileSync(path('leaf.key'), 'utf8'), cert: readFileSync(path('leaf.pem'), 'utf8') }
    },
  }
}
