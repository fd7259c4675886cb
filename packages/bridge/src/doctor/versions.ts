import * as z from 'zod/mini'
import { descriptionShape } from '../api/shapes.ts'
import { parseJson } from '../json-object.ts'
import { failed, type Observation, ok, warning } from './finding.ts'
import type { Scene } from './scene.ts'

/** Do the bridge and the control plane come from the same time? */
export async function checkVersions(scene: Scene): Promise<Observation[]> {
  const { origin } = await scene.workspace()
  const { status, text } = await scene.get('/api/v1/openapi.json')
  const description = z.safeParse(descriptionShape, parseJson(text))
  if (status !== 200 || !description.success || !description.data.info.title.startsWith('mcpgw')) {
    return [
      failed(
        `${origin} is not an mcpgw gateway, or does not let its API be reached.`,
        'Check the URL.',
        'not_mcp',
      ),
    ]
  }
  return [compareVersions(scene.bridgeVersion, description.data.info.version)]
}

/** Versions that differ in their first number, or before 1.0 in their second, need not understand each other. */
export function compareVersions(bridge: string, controlPlane: string): Observation {
  const order = seriesOf(bridge) - seriesOf(controlPlane)
  const both = `bridge ${bridge}, control plane ${controlPlane}`
  if (order < 0)
    return warning(`This bridge is older than the gateway: ${both}.`, 'Update mcpgw on this machine.')
  if (order > 0)
    return warning(`This bridge is newer than the gateway: ${both}.`, 'Have the gateway updated.')
  return ok(both.charAt(0).toUpperCase() + both.slice(1))
}

function seriesOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  return major * 1_000 + (major === 0 ? minor : 999)
}
