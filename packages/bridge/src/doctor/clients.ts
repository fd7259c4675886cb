import type { ClientFinding } from '../clients/inspect-clients.ts'
import { failed, type Observation, ok, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'

/** Do the AI clients of this machine start the bridge, for this workspace? */
export async function checkClients(scene: Scene): Promise<Observation[]> {
  const { settings, home, env, client: wanted, inspectClients } = scene
  const workspace = await scene.workspace().catch(() => undefined)
  const found = await inspectClients({
    platform: settings.platform,
    home,
    env,
    ...(workspace !== undefined && { workspace: workspace.href }),
  })
  const states = wanted === undefined ? found : found.filter(({ client }) => client === wanted)
  if (states.length > 0) return states.map((state) => judgeClient(state, state.client === wanted))
  if (wanted === undefined) return [skipped('No client was found on this machine')]
  return [warning(`No client "${wanted}" was found on this machine.`, 'Check the name: mcpgw install --help')]
}

export function judgeClient(state: ClientFinding, wasAskedFor: boolean): Observation {
  const { client, name, file, detail } = state
  const fix = state.fix ?? `Type: mcpgw install --client ${client}`
  const message = `${name}: ${words[state.state]}${detail === undefined ? '' : ` (${detail})`}, in ${file}`
  switch (state.state) {
    case 'right':
      return ok(message)
    case 'absent':
      return wasAskedFor ? warning(message, fix) : { ...skipped(message), fix }
    case 'outdated':
    case 'other_workspace':
      return warning(message, fix)
    case 'broken':
      return failed(message, state.fix ?? 'Mend the file, then try again.')
    case 'secret_inside':
      return failed(message, state.fix ?? 'Take the token out of the file and have it revoked.')
  }
}

const words: Readonly<Record<ClientFinding['state'], string>> = {
  right: 'set up',
  absent: 'not set up',
  outdated: 'set up in an old way',
  other_workspace: 'set up for another workspace',
  broken: 'its configuration cannot be read',
  secret_inside: 'a token stands in its configuration',
}
