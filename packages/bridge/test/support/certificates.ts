import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Certificates are made by openssl; without it their tests are skipped. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** An authority of our own that this machine does not know. */
export interface Authority {
  /** Its certificate, as one would name it in NODE_EXTRA_CA_CERTS. */
  readonly file: string
  /** Key and certificate for these names; expired when `days` is negative. */
  issue(names: readonly string[], days?: number): { key: Buffer; cert: Buffer }
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-authority-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const newKey = (file: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', file]
  openssl('req', '-x509', ...newKey('ca.key'), '-days', '2', '-subj', '/CN=Private', '-out', 'ca.pem')
  let issued = 0

  function issue(names: readonly string[], days = 2): { key: Buffer; cert: Buffer } {
    issued += 1
    const file = (end: string) => `${issued}.${end}`
    writeFileSync(join(folder, file('ext')), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`)
    openssl('req', '-new', ...newKey(file('key')), '-subj', `/CN=${names[0]}`, '-out', file('csr'))
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)]
    openssl('x509', '-req', '-in', file('csr'), ...signed, '-extfile', file('ext'), '-out', file('pem'))
    const read = (end: string) => readFileSync(join(folder, file(end)))
    return { key: read('key'), cert: read('pem') }
  }

  return { file: join(folder, 'ca.pem'), issue }
}
