import { failed, type Observation, ok } from './finding.ts'
import type { Scene } from './scene.ts'

/** Is there a proxy on the way, and who named it? Its password is never shown. */
export async function checkProxy(scene: Scene): Promise<Observation[]> {
  const { host, port, proxy } = await scene.firstHop()
  const named = await nameOf(scene)
  if (named === undefined) return [ok('None; the gateway is reached directly')]
  if (proxy !== undefined) return [ok(`${host}:${port}, ${named.from}`)]
  if (!URL.canParse(named.text)) {
    return [failed(`What ${named.from} is not a URL.`, 'Name it like this: http://proxy.example.com:3128')]
  }
  return [ok(`Not used for this gateway, though there is one ${named.from}`)]
}

async function nameOf({ settings, network }: Scene): Promise<{ text: string; from: string } | undefined> {
  const { httpsProxy, httpProxy } = await network()
  const text = httpsProxy ?? httpProxy
  if (text === undefined) return undefined
  const isFromEnvironment = text === (settings.network.httpsProxy ?? settings.network.httpProxy)
  const variable = httpsProxy === undefined ? 'HTTP_PROXY' : 'HTTPS_PROXY'
  return { text, from: isFromEnvironment ? `named by ${variable}` : 'remembered from the login' }
}
