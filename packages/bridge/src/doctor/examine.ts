import { asBridgeError } from '../bridge-error.ts'
import { checkAddress } from './address.ts'
import { checkClients } from './clients.ts'
import { checkClock } from './clock.ts'
import { checkDns } from './dns.ts'
import { checkFileModes } from './file-modes.ts'
import { type Finding, failed, type Observation, skipped } from './finding.ts'
import { checkHttp } from './http.ts'
import { checkLogin } from './login.ts'
import { checkNode } from './node-version.ts'
import { checkNpx } from './npx.ts'
import { checkProxy } from './proxy.ts'
import { checkFiles } from './readable-files.ts'
import type { Scene } from './scene.ts'
import { checkServers } from './servers.ts'
import { checkTcp } from './tcp.ts'
import { checkTls } from './tls.ts'
import { checkToken } from './token.ts'
import { checkTools } from './tools.ts'
import { checkTunnel } from './tunnel.ts'
import { checkVersions } from './versions.ts'
import { checkWorkspace } from './workspace.ts'

interface Check {
  readonly name: string
  /** What must not have failed before. */
  readonly needs: readonly string[]
  run(scene: Scene): Promise<Observation[]>
}

/** From this machine outward to the servers. Names are part of the JSON output. */
const checks: readonly Check[] = [
  { name: 'node', needs: [], run: checkNode },
  { name: 'files', needs: [], run: checkFiles },
  { name: 'permissions', needs: [], run: checkFileModes },
  { name: 'address', needs: ['files'], run: checkAddress },
  { name: 'login', needs: ['address'], run: checkLogin },
  { name: 'proxy', needs: ['address'], run: checkProxy },
  { name: 'dns', needs: ['proxy'], run: checkDns },
  { name: 'tcp', needs: ['dns'], run: checkTcp },
  { name: 'tunnel', needs: ['tcp'], run: checkTunnel },
  { name: 'tls', needs: ['tunnel'], run: checkTls },
  { name: 'http', needs: ['tls'], run: checkHttp },
  { name: 'clock', needs: ['http'], run: checkClock },
  { name: 'version', needs: ['http'], run: checkVersions },
  { name: 'token', needs: ['login', 'http'], run: checkToken },
  { name: 'workspace', needs: ['token'], run: checkWorkspace },
  { name: 'servers', needs: ['workspace'], run: checkServers },
  { name: 'tools', needs: ['workspace'], run: checkTools },
  { name: 'clients', needs: [], run: checkClients },
  { name: 'npx', needs: [], run: checkNpx },
]

/** Runs one check after the other, without those that need one that failed. */
export async function examine(
  scene: Scene,
  during: (check: string, work: Promise<Observation[]>) => Promise<Observation[]>,
): Promise<Finding[]> {
  const findings: Finding[] = []
  /** Each check that failed or could not run, with the failure behind it. */
  const fallen = new Map<string, string>()
  for (const { name, needs, run } of checks) {
    const culprit = needs.map((need) => fallen.get(need)).find((found) => found !== undefined)
    const seen =
      culprit === undefined
        ? await during(name, run(scene).catch(asObservations))
        : [skipped(`skipped: needs ${culprit}`)]
    if (culprit !== undefined || seen.some(({ status }) => status === 'failed'))
      fallen.set(name, culprit ?? name)
    findings.push(...seen.map((observation) => ({ check: name, ...observation })))
  }
  return findings
}

function asObservations(error: unknown): Observation[] {
  const { message, fix, reason } = asBridgeError(error)
  return [failed(message, fix, reason)]
}
