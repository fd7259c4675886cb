import { once } from 'node:events'
import { createBridgePackageHandler } from '../../src/http/bridge-package/handler.ts'
import { createFrontServer, type FrontServerOptions, listen } from '../../src/http/front-server.ts'
import type { GatewayError } from '../../src/model/error.ts'
import { DEFAULT_LIMITS } from '../../src/model/limits.ts'

type Doors = Omit<FrontServerOptions, 'hostnames' | 'limits' | 'tooManyConnections'>

/** The front server on a port of its own, before the doors of the test. */
export async function serveFront(doors: Doors): Promise<AsyncDisposable & { url: string }> {
  const front = createFrontServer({
    hostnames: [],
    limits: DEFAULT_LIMITS,
    tooManyConnections() {},
    ...doors,
  })
  const port = await listen(front, '127.0.0.1', 0)
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(front, 'close')
      front.close()
      front.closeAllConnections()
      await closed
    },
  }
}

/** The front server with nothing behind it but a bridge, in a folder of the test's own. */
export async function serveBridge({ folder, publicUrl }: { folder: string; publicUrl?: string }) {
  const warnings: GatewayError[] = []
  const warn = (error: GatewayError) => warnings.push(error)
  const unexpected = () => {
    throw new Error('Somebody other than a package manager asked.')
  }
  const bridgePackage = createBridgePackageHandler({ folder, publicUrl, warn })
  return {
    warnings,
    ...(await serveFront({ mcp: unexpected, openAi: unexpected, other: unexpected, bridgePackage })),
  }
}
