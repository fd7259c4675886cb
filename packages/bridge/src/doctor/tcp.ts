import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { failed, type Observation, ok, warning } from './finding.ts'
import { type Scene, stepLimitMs } from './scene.ts'

const maxAddresses = 8

interface Attempt {
  readonly address: string
  /** Undefined when the connection was opened. */
  readonly code: string | undefined
  readonly tookMs: number
}

/** Does every address of the gateway, or of the proxy before it, take connections? */
export async function checkTcp(scene: Scene): Promise<Observation[]> {
  const { host, port, proxy } = await scene.firstHop()
  const who = `${host}:${port}${proxy === undefined ? '' : ' (the proxy)'}`
  const addresses = (await lookup(host, { all: true })).slice(0, maxAddresses)
  const attempts = await Promise.all(addresses.map(({ address }) => attempt(address, port)))
  return [judge(who, attempts)]
}

function judge(who: string, attempts: readonly Attempt[]): Observation {
  const open = attempts.filter(({ code }) => code === undefined)
  const closed = attempts.filter(({ code }) => code !== undefined)
  if (open.length === 0) {
    const codes = [...new Set(closed.map(({ code }) => code ?? ''))]
    return failed(
      `${who} takes no connection: ${codes.map(describe).join(', ')}.`,
      fixes[codes[0] ?? ''] ?? 'Check the network, and that the gateway runs.',
      'unreachable',
    )
  }
  const fastestMs = Math.min(...open.map(({ tookMs }) => tookMs))
  const opened = `${who} takes connections (${fastestMs} ms)`
  // A machine without IPv6 cannot reach such addresses, and does without.
  const broken = closed.filter(({ code }) => code !== 'ENETUNREACH' && code !== 'EADDRNOTAVAIL')
  if (broken.length === 0) return ok(opened)
  const list = broken.map(({ address, code }) => `${address} (${describe(code ?? '')})`).join(', ')
  return warning(`${opened}, but not at ${list}.`, 'Have the addresses of the name corrected.')
}

const descriptions: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'no answer within 5 seconds',
  ENETUNREACH: 'this machine has no way to that network',
  EHOSTUNREACH: 'the host is not reachable',
}

function describe(code: string): string {
  return descriptions[code] ?? code
}

const fixes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: check the port in the URL, and that the gateway runs.',
  ETIMEDOUT: 'A firewall may swallow the connection: check the VPN, or name a proxy in HTTPS_PROXY.',
}

function attempt(address: string, port: number): Promise<Attempt> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (code: string | undefined) => {
      socket.destroy()
      resolve({ address, code, tookMs: Math.round(performance.now() - startedAt) })
    }
    socket.setTimeout(stepLimitMs, () => end('ETIMEDOUT'))
    socket.on('connect', () => end(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
  })
}
