import { type Observation, ok, warning } from './finding.ts'
import type { Scene } from './scene.ts'

const dayMs = 86_400_000
const soonDays = 7

/** Does the gateway accept the token, and for how long still? */
export async function checkToken(scene: Scene): Promise<Observation[]> {
  const { role, member, expiresAt } = await scene.identity()
  const whose = `${member}, role ${role}`
  if (expiresAt === undefined || expiresAt === null) return [ok(`${whose}; it never ends`)]
  const end = new Date(expiresAt)
  const day = end.toISOString().slice(0, 10)
  const daysLeft = Math.floor((end.getTime() - scene.now()) / dayMs)
  if (daysLeft >= soonDays) return [ok(`${whose}; it ends in ${daysLeft} days, on ${day}`)]
  const { href } = await scene.workspace()
  const when = daysLeft < 1 ? 'in less than a day' : `in ${daysLeft === 1 ? '1 day' : `${daysLeft} days`}`
  return [warning(`${whose}; it ends ${when}, on ${day}.`, `Log in again before that: mcpgw login ${href}`)]
}
