import { access } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { trustStores } from '../http/authorities.ts'
import { isUnknownIssuer, judgeCertificate } from './certificate.ts'
import { failed, type Observation, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'
import { type Handshake, shakeHands } from './tls-handshake.ts'
import { openTunnel } from './tunnel.ts'

/** Is the certificate of the gateway good, and who vouches for it? */
export async function checkTls(scene: Scene): Promise<Observation[]> {
  const origin = new URL((await scene.workspace()).origin)
  if (origin.protocol === 'http:') return [skipped('Plain http, which does not leave this machine')]
  const { caFile } = await scene.network()
  const host = origin.hostname.replace(/^\[(.*)\]$/, '$1')
  try {
    const { handshake, trustedBy } = await findTrust(scene, host, Number(origin.port) || 443)
    const seen = { host, now: scene.now(), trustedBy, caFile }
    return [...judgeCertificate(handshake, seen), ...(await judgeFile(caFile))]
  } catch (error) {
    return [...(await judgeFile(caFile)), explain(origin.host, error)]
  }
}

/** Adds one list of authorities after the other until they know the issuer. */
async function findTrust(
  scene: Scene,
  host: string,
  port: number,
): Promise<{ handshake: Handshake; trustedBy: string }> {
  const ca: string[] = []
  let last: { handshake: Handshake; trustedBy: string } | undefined
  for (const store of trustStores((await scene.network()).caFile)) {
    ca.push(...(await store.certificates()))
    const handshake = await shakeHands({ host, port, ca, through: await wayThrough(scene) })
    last = { handshake, trustedBy: store.name }
    if (!isUnknownIssuer(handshake.objection)) break
  }
  if (last === undefined) throw new Error('there is no list of authorities')
  return last
}

async function wayThrough(scene: Scene): Promise<Socket | undefined> {
  const { proxy } = await scene.firstHop()
  return proxy === undefined ? undefined : (await openTunnel(scene, proxy)).socket
}

async function judgeFile(caFile: string | undefined): Promise<Observation[]> {
  if (caFile === undefined) return []
  return access(caFile).then(
    () => [],
    () => [
      warning(
        `The file of authorities ${caFile} cannot be read.`,
        'Set NODE_EXTRA_CA_CERTS right, then log in again.',
      ),
    ],
  )
}

function explain(host: string, error: unknown): Observation {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return failed(`${host} does not speak TLS.`, 'Check the port in the workspace URL.', 'unreachable')
  }
  const why = code ?? (error instanceof Error ? error.message : String(error))
  return failed(
    `No TLS connection to ${host}: ${why}.`,
    'Check the port in the workspace URL, and the proxy if there is one.',
    'unreachable',
  )
}
