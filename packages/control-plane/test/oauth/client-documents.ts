import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** Makes the certificate. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** Programs that tell of themselves at addresses of their own, over TLS. */
export async function publishDocuments(folder: string) {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const about = ['-subj', '/CN=clients', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes']
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync('openssl', [...kind, ...about, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const published = new Map<string, string>()
  const asked: string[] = []
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    asked.push(request.url ?? '')
    const document = published.get(request.url ?? '')
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(document)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  // A TCP server that listens has an AddressInfo.
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    authority: cert,
    host,
    asked,
    publish(path: string, document: unknown): string {
      published.set(path, typeof document === 'string' ? document : JSON.stringify(document))
      return `https://${host}${path}`
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
