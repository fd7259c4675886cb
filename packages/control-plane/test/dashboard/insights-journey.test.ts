import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { openTeam, type Team } from './team.ts'
import { openWindow } from './window.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A Sunday evening: the month's slow server is slow since that week's Monday. */
function lastSundayEvening(): number {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const sinceSunday = new Date(today).getUTCDay() || 7
  return today - sinceSunday * DAY_MS + 20 * HOUR_MS
}

describe.skipIf(noBrowser !== undefined)(`what a month of calls answers ${noBrowser ?? ''}`, () => {
  const open = new AsyncDisposableStack()
  const end = lastSundayEvening()
  const week = `from=${new Date(end - 7 * DAY_MS).toISOString()}&to=${new Date(end).toISOString()}`
  let team: Team
  let browser: Browser

  beforeAll(async () => {
    team = open.use(await openTeam({ calls: 30_000, now: end }))
    browser = await openBrowser()
    open.defer(() => browser.close())
  }, 120_000)

  afterAll(() => open.disposeAsync())

  const admin = () => openWindow(browser, team.plane, { token: team.adminToken, timezoneId: 'UTC' })

  it('is found by clicking: who asks postgres without end at 2 in the night', async () => {
    await using window = await admin()
    const { page } = window
    await window.open(`/w/acme/insights?${week}`)
    await page.getByRole('main').getByLabel('Server').first().selectOption('postgres')
    await page.waitForURL(/server=postgres/)
    await window.settled()
    await page.getByRole('link', { name: '2:00 of every day', exact: true }).click()
    const callers = page.getByRole('table', { name: 'Who calls, by member, token and client' })
    await page.getByText('Every day, 02:00 to 03:00').waitFor()
    const first = callers.locator('tbody tr').first()
    await first.getByText('nightly-report').waitFor()
    expect(await first.textContent()).toContain('cron')
    await first.getByRole('link', { name: 'nightly-report', exact: true }).click()
    await page.waitForURL(/member=nightly-report/)
    expect(window.complaints).toEqual([])
  })

  it('is found by clicking: that jira is slow this week, and that it is jira and not the gateway', async () => {
    await using window = await admin()
    const { page } = window
    await window.open(`/w/acme/insights?${week}`)
    await page.getByText(/most is in jira/).waitFor()
    const culprits = page.getByRole('table', { name: /by how much of the time/ })
    await culprits.locator('tbody tr').first().getByRole('link', { name: 'jira', exact: true }).click()
    await page.waitForURL(/server=jira/)
    await window.settled()
    await page.getByText(/times as slow as before/).waitFor()
    const answer = await page.locator('.answer').first().textContent()
    expect(answer).toMatch(/Upstream time of jira: p95 .+ The gateway itself added .+ms/)
    await page
      .getByRole('link', { name: /search_issues/ })
      .first()
      .waitFor()
    expect(window.complaints).toEqual([])
  })
})
