import type { IncomingMessage, ServerResponse } from 'node:http'
import { asGatewayError, type GatewayError } from '../../model/error.ts'
import { platformOf } from './keyring.ts'
import { type BridgePackage, createBridgePackages } from './packages.ts'

export interface BridgePackageOptions {
  /** The bridge's own folder: package.json, `dist`, and its modules. */
  folder: string
  /** Where clients reach us, unless it is wherever they ask. */
  publicUrl: string | undefined
  warn(error: GatewayError): void
}

export type BridgePackageHandler = (slug: string, request: IncomingMessage, response: ServerResponse) => void

/**
 * Answers package managers with the bridge as a package, made for one workspace, so that `npx -y URL` runs it.
 * It asks for no token and says the same of a workspace that does not exist: what it hands out is no secret.
 */
export function createBridgePackageHandler({
  folder,
  publicUrl,
  warn,
}: BridgePackageOptions): BridgePackageHandler {
  const packages = createBridgePackages(folder)

  async function answer(slug: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request
    const origin = publicUrl ?? `http://${headers.host?.toLowerCase()}`
    const platform = platformOf(headers['user-agent'])
    const found = await packages.packageFor({ slug, url: `${origin}/ws/${slug}`, platform })
    sendPackage(found, request, response)
  }

  return (slug, request, response) => {
    answer(slug, request, response).catch((thrown) => {
      const error = asGatewayError(thrown)
      warn(error)
      refuse(response, error)
    })
  }
}

function sendPackage(
  { hash, tarball }: BridgePackage,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = `"${hash.slice(0, 32)}"`
  const about = {
    etag,
    vary: 'Accept, User-Agent',
    // Asked for again at every start, so that the next one runs a new build; not `must-revalidate`, which would
    // forbid npm its stored copy while we cannot be reached.
    'cache-control': 'no-cache',
  }
  if (headers['if-none-match']?.includes(etag)) return void response.writeHead(304, about).end()
  const pieces = tarball()
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  response.writeHead(200, { ...about, 'content-type': 'application/gzip', 'content-length': length })
  // For HEAD, Node leaves the body out by itself.
  for (const piece of pieces) response.write(piece)
  response.end()
}

/** In words of one line: npm shows the notice and nothing of the body. */
function refuse(response: ServerResponse, { message, fix }: GatewayError): void {
  const sentence = fix === undefined ? message : `${message} ${fix}`
  response
    .writeHead(503, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'npm-notice': sentence,
    })
    .end(`${sentence}\n`)
}
