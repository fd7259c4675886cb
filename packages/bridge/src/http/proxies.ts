import { type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { Network } from './network.ts'

/** Connections that go through the proxies of this network. A file of its own: it loads the whole of undici. */
export function createProxyDispatcher(
  { httpProxy, httpsProxy, noProxy }: Network,
  options: { connections: number | null; connect: { timeout: number } },
): Dispatcher {
  // An empty text and not undefined, which would make undici look into the environment by itself.
  const proxies = { httpProxy: httpProxy ?? '', httpsProxy: httpsProxy ?? '', noProxy: noProxy ?? '' }
  return new EnvHttpProxyAgent({ ...options, ...proxies })
}
