import { expect, it } from 'vitest'
import { readSettings } from '../settings.ts'
import { checkNode } from './node-version.ts'

async function judge(version: string, day: string): Promise<string | undefined> {
  const settings = readSettings({}, { platform: 'linux', version, argv: [] })
  const [seen] = await checkNode({ settings, now: () => Date.parse(day) })
  return seen?.status
}

it.each([
  ['v18.20.0', '2024-01-01', 'failed'],
  ['v20.20.2', '2026-04-01', 'ok'],
  ['v20.20.2', '2026-11-22', 'warning'],
  ['v24.1.0', '2026-11-22', 'ok'],
  ['v99.0.0', '2026-11-22', 'ok'],
])('takes Node %s on %s for %s', async (version, day, status) => {
  expect(await judge(version, day)).toBe(status)
})
