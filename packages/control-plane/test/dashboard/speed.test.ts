import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { openTeam, type Team } from './team.ts'
import { openWindow } from './window.ts'

const MAX_SCRIPT_BYTES = 250_000
/**
 * It takes 0.8 s where nothing else runs. This leaves room for two slow cores, which also run the control plane and
 * this program.
 */
const MAX_FIRST_PAGE_MS = 2_500
/** The best of them counts: what else the machine does is not the dashboard's. */
const TRIES = 5

describe.skipIf(noBrowser !== undefined)(`the first page of the dashboard ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  let team: Team
  let browser: Browser

  beforeAll(async () => {
    team = open.use(await openTeam({ calls: 30_000 }))
    browser = await openBrowser()
    open.defer(() => browser.close())
  }, 120_000)

  afterAll(() => open.disposeAsync())

  it('needs at most 250 kB of scripts, compressed, and does not keep waiting who was never here', async () => {
    const times: number[] = []
    const work: number[] = []
    const scripts = new Set<string>()
    for (let tried = 0; tried < TRIES; tried++) {
      await using window = await openWindow(browser, team.plane, { token: team.adminToken })
      const { page } = window
      page.on('response', (response) => {
        if (response.request().resourceType() === 'script') scripts.add(response.url())
      })
      const session = await window.context.newCDPSession(page)
      await session.send('Performance.enable', { timeDomain: 'threadTicks' })
      const startedAt = performance.now()
      await page.goto(`${team.plane.url}/w/${team.slug}`, { waitUntil: 'commit' })
      await page.getByText('Calls this week').waitFor()
      await window.settled()
      times.push(performance.now() - startedAt)
      const { metrics } = await session.send('Performance.getMetrics')
      work.push((metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000)
    }
    const sizes = await Promise.all([...scripts].map((url) => gzippedSize(url)))
    const total = sizes.reduce((sum, size) => sum + size, 0)
    process.stdout.write(
      `The first page: ${scripts.size} scripts of ${Math.round(total / 1000)} kB in gzip; there after ${times.map(Math.round).join(', ')} ms, with ${work.map(Math.round).join(', ')} ms of work in the page.\n`,
    )
    expect(total).toBeGreaterThan(50_000)
    expect(total).toBeLessThanOrEqual(MAX_SCRIPT_BYTES)
    expect(Math.min(...times)).toBeLessThan(MAX_FIRST_PAGE_MS)
  })
})

/** What a script takes on the wire in gzip, the worse of the two encodings that are served. */
async function gzippedSize(url: string): Promise<number> {
  const response = await fetch(url, { headers: { 'accept-encoding': 'gzip' } })
  await response.body?.cancel()
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  if (response.headers.get('content-encoding') === 'gzip' && !Number.isNaN(length)) return length
  const { gzipSync } = await import('node:zlib')
  return gzipSync(await (await fetch(url)).bytes(), { level: 9 }).length
}
