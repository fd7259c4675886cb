import { failed, type Observation, ok, skipped, warning } from './finding.ts'
import type { Scene } from './scene.ts'

const tolerableMs = 60_000
const harmfulMs = 300_000
// The header has whole seconds, cut off.
const halfSecondMs = 500

/** Does the clock of this machine agree with the gateway's? Tokens and certificates end by it. */
export async function checkClock(scene: Pick<Scene, 'health'>): Promise<Observation[]> {
  const { headers, sentAt, answeredAt } = await scene.health()
  const theirs = Date.parse(headers.date ?? '')
  if (Number.isNaN(theirs)) return [skipped('The gateway does not tell its time')]
  const aheadMs = (sentAt + answeredAt) / 2 - (theirs + halfSecondMs)
  if (Math.abs(aheadMs) <= tolerableMs) return [ok('Agrees with the gateway')]
  const seconds = Math.round(Math.abs(aheadMs) / 1_000)
  const message = `This machine's clock is ${inWords(seconds)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the gateway's.`
  const fix =
    'Let this machine set its clock by the network; if it does already, tell those who run the gateway.'
  return [Math.abs(aheadMs) > harmfulMs ? failed(message, fix) : warning(message, fix)]
}

function inWords(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`
}
