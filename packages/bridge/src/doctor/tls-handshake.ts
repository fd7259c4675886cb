import { isIP, type Socket } from 'node:net'
import { connect, type DetailedPeerCertificate } from 'node:tls'
import { stepLimitMs } from './scene.ts'

export interface Handshake {
  readonly certificate: DetailedPeerCertificate
  readonly protocol: string
  /** What OpenSSL or the check of the name has against the certificate; undefined when nothing. */
  readonly objection: string | undefined
}

/**
 * Greets a server over TLS and looks at its certificate, good or bad. Nothing is ever sent over the connection, so a
 * bad certificate does no harm here.
 */
export function shakeHands(options: {
  host: string
  port: number
  ca: readonly string[]
  /** The way through a proxy. */
  through: Socket | undefined
}): Promise<Handshake> {
  const { host, port, ca, through } = options
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ca: [...ca],
      ...(isIP(host) === 0 && { servername: host }),
      ...(through !== undefined && { socket: through }),
      rejectUnauthorized: false,
    })
    socket.setTimeout(stepLimitMs, () => socket.destroy(new Error('no answer within 5 seconds')))
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerCertificate(true)
      // Typed as an error, and in truth its code.
      const objection = socket.authorized ? undefined : String(socket.authorizationError)
      resolve({ certificate, protocol: socket.getProtocol() ?? 'TLS', objection })
      socket.destroy()
    })
  })
}
