import { failed, type Observation, ok, warning } from './finding.ts'
import type { Scene } from './scene.ts'

const oldestMajor = 20

/** The days on which Node's releases stop getting security fixes, by the schedule of the Node project. */
const lastDays: Readonly<Record<number, string>> = {
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
}

export async function checkNode({
  settings: { version },
  now,
}: Pick<Scene, 'settings' | 'now'>): Promise<Observation[]> {
  const major = Number(/^v(\d+)/.exec(version)?.[1])
  const update = 'Install the current long-term release from https://nodejs.org.'
  if (major < oldestMajor) {
    return [failed(`Node ${version} is too old; the bridge needs ${oldestMajor} or newer.`, update)]
  }
  const lastDay = lastDays[major]
  if (lastDay !== undefined && now() > Date.parse(lastDay)) {
    return [warning(`Node ${version} has had no security fixes since ${lastDay}.`, update)]
  }
  return [ok(`Node ${version}`)]
}
