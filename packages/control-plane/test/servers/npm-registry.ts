import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createTar } from 'nanotar'

/** A package as it is published: its manifest beside name and version, and its files. */
export interface Release {
  manifest?: Record<string, unknown>
  files?: Record<string, string>
}

/** A small npm registry on the loopback, which the real npm installs from. */
export interface NpmRegistry extends AsyncDisposable {
  readonly url: string
  /** What npm is told to find it. */
  readonly env: Record<string, string>
  /** Every path that was asked for. */
  readonly asked: string[]
  publish(name: string, version: string, release?: Release): void
  /** From now on it takes requests and answers none of them before the function it gives is called. */
  hang(): () => void
}

export async function startNpmRegistry(): Promise<NpmRegistry> {
  const releases = new Map<string, Map<string, { manifest: object; tarball: Buffer }>>()
  const asked: string[] = []
  let answering = Promise.resolve()
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    asked.push(path)
    await answering
    const [, name = '', version] = /^\/(@[^/]+\/[^/]+|[^/]+)(?:\/-\/(.+)\.tgz)?$/.exec(path) ?? []
    const versions = releases.get(name)
    if (versions === undefined) return void answer(response, 404, { error: 'not found' })
    if (version === undefined) return void answer(response, 200, document(name, versions))
    response.end(versions.get(version)?.tarball)
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  // A TCP server has an address of this kind.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    env: { npm_config_registry: `${url}/` },
    asked,
    publish(name, version, { manifest = {}, files = {} } = {}) {
      const whole = { name, version, ...manifest }
      const all = { 'package.json': JSON.stringify(whole), ...files }
      const tarball = gzipSync(
        createTar(Object.entries(all).map(([path, data]) => ({ name: `package/${path}`, data }))),
      )
      const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
      const dist = { tarball: `${url}/${name}/-/${version}.tgz`, integrity }
      const versions = releases.get(name) ?? new Map()
      releases.set(name, versions.set(version, { manifest: { ...whole, dist }, tarball }))
    },
    hang() {
      const hanging = Promise.withResolvers<void>()
      answering = hanging.promise
      return hanging.resolve
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

function document(name: string, versions: Map<string, { manifest: object }>) {
  const known = Object.fromEntries(Array.from(versions, ([version, { manifest }]) => [version, manifest]))
  return { name, 'dist-tags': { latest: [...versions.keys()].at(-1) }, versions: known }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
