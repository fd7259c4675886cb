import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { failed, type Observation, ok, warning } from './finding.ts'
import { type Scene, stepLimitMs } from './scene.ts'
import { withTimer } from './with-timer.ts'

const slowMs = 1_000

/** Does the name of the gateway, or of the proxy before it, have an address? */
export async function checkDns(scene: Scene): Promise<Observation[]> {
  const { host, proxy } = await scene.firstHop()
  const who = proxy === undefined ? host : `${host} (the proxy)`
  if (isIP(host) !== 0) return [ok(`${who} is an address already`)]
  const startedAt = performance.now()
  try {
    const found = await withTimer(lookup(host, { all: true }), stepLimitMs)
    const tookMs = Math.round(performance.now() - startedAt)
    const list = found.map(({ address }) => address).join(', ')
    return [
      tookMs > slowMs
        ? warning(
            `${who} is ${list}, but looking that up took ${tookMs} ms.`,
            'Check the DNS servers of this network.',
          )
        : ok(`${who} is ${list} (${tookMs} ms)`),
    ]
  } catch (error) {
    return [explain(who, error)]
  }
}

function explain(who: string, error: unknown): Observation {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOTFOUND') {
    return failed(
      `There is no host named ${who}.`,
      'Check the URL, and that the VPN is on if it needs one.',
      'unreachable',
    )
  }
  const why = error instanceof Error && code === undefined ? error.message : String(code)
  return failed(
    `${who} could not be looked up: ${why}.`,
    'Check the network and its DNS servers.',
    'unreachable',
  )
}
