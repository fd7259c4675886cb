import { type Observation, ok } from './finding.ts'
import type { Scene } from './scene.ts'

/** Which workspace is meant? */
export async function checkAddress(scene: Scene): Promise<Observation[]> {
  return [ok((await scene.workspace()).href)]
}
