/** Where a server in a filtered sandbox finds its proxy: on its own loopback, which nothing else is on. */
export const FORWARDER_PORT = 3128

/** Where the gateway's socket is, seen from inside the sandbox. */
export const INNER_SOCKET = '/tmp/.mcpgw-egress'

/**
 * Runs beside the server inside the sandbox, because programs know proxies by port only: each connection goes on to
 * the gateway's socket.
 */
export const FORWARDER_SCRIPT = `
const net = require('node:net')
net.createServer({ allowHalfOpen: true }, (inner) => {
  const outer = net.connect({ path: '${INNER_SOCKET}', allowHalfOpen: true })
  inner.on('error', () => outer.destroy()).on('close', () => outer.destroy())
  outer.on('error', () => inner.destroy()).on('close', () => inner.destroy())
  inner.pipe(outer).pipe(inner)
}).listen(${FORWARDER_PORT}, '127.0.0.1')
`

/** What programs are told of the proxy. Node asks to be asked. */
export function proxyVariables(): Record<string, string> {
  const url = `http://127.0.0.1:${FORWARDER_PORT}`
  const none = 'localhost,127.0.0.1,::1'
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    NO_PROXY: none,
    http_proxy: url,
    https_proxy: url,
    no_proxy: none,
    NODE_USE_ENV_PROXY: '1',
  }
}
