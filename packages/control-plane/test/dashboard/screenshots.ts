// Takes a picture of every page, in both themes and both widths, into docs/screenshots: `pnpm run screenshots`.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import build from '../build.ts'
import { noBrowser, openBrowser } from '../oauth/browser.ts'
import { callOnce } from './call-once.ts'
import { INSTALLATION_PAGES, OUTSIDE_PAGES, workspacePages } from './pages.ts'
import { openTeam, type Team } from './team.ts'
import { type DashboardWindow, openWindow } from './window.ts'

const WIDTHS = { desk: 1280, phone: 390 }
const THEMES = ['light', 'dark'] as const
const HEIGHT = 900
/** Of a long page, only its beginning. */
const MAX_HEIGHT = 2_400
/** Of WebP: small enough for a repository, good enough to read. */
const QUALITY = 60

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: resolve(import.meta.dirname, '../../../../docs/screenshots') },
    calls: { type: 'string', default: '60000' },
    /** Only pages whose names hold this. */
    only: { type: 'string', default: '' },
    format: { type: 'string', default: 'webp' },
  },
})

async function takeAll(): Promise<void> {
  await using open = new AsyncDisposableStack()
  const team = open.use(await openTeam({ calls: Number(values.calls) }))
  await workOn(team)
  const browser = await openBrowser()
  open.defer(() => browser.close())
  if (values.only === '') await rm(values.out, { recursive: true, force: true })
  await mkdir(values.out, { recursive: true })
  const inside = { token: team.plane.ownerToken, timezoneId: 'UTC', locale: 'en-GB' }
  const pages = [...workspacePages(team.slug, 'github', await someRow(team)), ...INSTALLATION_PAGES]
  // The plain pages first: what is done for the others would show in them.
  const shots: Shot[] = [...pages.map(({ name, path }) => ({ name, path })), ...SHOTS]
  await using window = await openWindow(browser, team.plane, inside)
  for (const shot of shots) await takeOf(window, shot)
  await using outside = await openWindow(browser, team.plane, { locale: 'en-GB' })
  for (const { name, path } of OUTSIDE_PAGES) await takeOf(outside, { name, path })
}

interface Shot {
  name: string
  path: string
  /** What is done on the page before the picture. */
  prepare?: (window: DashboardWindow) => Promise<void>
}

/** Beside the plain pages: what is behind a click. */
const SHOTS: readonly Shot[] = [
  { name: 'server-changes', path: '/w/acme/servers/github?tab=changes' },
  { name: 'server-activity', path: '/w/acme/servers/jira?tab=activity' },
  { name: 'insights-at-night', path: '/w/acme/insights?server=postgres&hour=2' },
  {
    name: 'playground-call',
    path: '/w/acme/playground?tool=postgres__query',
    async prepare({ page }) {
      await page.getByLabel('query').first().fill('select count(*) from orders')
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await page.getByText('query was called').first().waitFor()
    },
  },
  {
    name: 'issue-token',
    path: '/w/acme/tokens',
    async prepare({ page }) {
      await page.getByRole('button', { name: 'Issue a token' }).first().click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'catalog',
    path: '/w/acme/servers?add=catalog',
    async prepare({ page }) {
      await page.getByRole('dialog').getByText('Show more').waitFor()
    },
  },
  {
    name: 'catalog-entry',
    path: '/w/acme/servers?add=catalog&entry=github',
    async prepare({ page }) {
      await page.getByRole('button', { name: 'Add and check' }).waitFor()
    },
  },
  {
    name: 'add-from-file',
    path: '/w/acme/servers',
    async prepare({ page }) {
      await page.getByRole('button', { name: 'Add a server' }).first().click()
      await page.getByRole('button', { name: 'From a file' }).click()
      await page.getByLabel('Configuration').fill(JSON.stringify(CLIENT_CONFIG, undefined, 2))
      await page.getByRole('button', { name: 'See what it becomes' }).click()
      await page.getByRole('list', { name: 'Servers found' }).waitFor()
    },
  },
  {
    name: 'add-server',
    path: '/w/acme/servers',
    async prepare({ page }) {
      await page.getByRole('button', { name: 'Add a server' }).first().click()
      await page.getByRole('button', { name: 'By URL' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
]

const CLIENT_CONFIG = {
  mcpServers: {
    tickets: { url: 'http://127.0.0.1:8080/mcp', headers: { Authorization: 'Bearer 3f9aKq81Xw42Lm07' } },
    clock: { command: 'npx', args: ['-y', 'time-mcp'] },
    mine: { command: 'python', args: ['/home/ada/server.py'] },
  },
}

async function takeOf(window: DashboardWindow, { name, path, prepare }: Shot): Promise<void> {
  if (!name.includes(values.only)) return
  const { page } = window
  for (const [place, width] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width, height: HEIGHT })
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await window.open(path)
    await prepare?.(window)
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await takeOne(window, `${name}-${place}-${colorScheme}`, width)
    }
  }
}

async function takeOne({ page, context }: DashboardWindow, name: string, width: number): Promise<void> {
  const whole = await page.evaluate<number>(
    'document.querySelector("dialog[open]") ? 0 : document.body.scrollHeight',
  )
  const height = Math.min(Math.max(whole, HEIGHT), MAX_HEIGHT)
  await page.setViewportSize({ width, height })
  // Charts are drawn again for the new size with the next frames.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  const session = await context.newCDPSession(page)
  const format = values.format === 'png' ? 'png' : 'webp'
  const { data } = await session.send('Page.captureScreenshot', {
    format,
    ...(format === 'webp' && { quality: QUALITY }),
  })
  await session.detach()
  await writeFile(join(values.out, `${name}.${format}`), Buffer.from(data, 'base64'))
  await page.setViewportSize({ width, height: HEIGHT })
}

/** What the team does today, so that the end of the log is alive. */
async function workOn({ plane, slug }: Team): Promise<void> {
  const tokens = new Map<string, string>()
  for (const [member, client] of TODAY) {
    if (tokens.has(member)) continue
    const issue = { name: client.toLowerCase(), member, expiresIn: 60 * 86_400 }
    tokens.set(member, await plane.token(slug, issue))
  }
  for (const [member, name, version, tools] of TODAY) {
    for (const tool of tools) {
      const token = tokens.get(member) ?? ''
      await callOnce(plane, {
        slug,
        token,
        client: { name, version },
        tool,
        arguments: { query: 'checkout' },
      })
    }
  }
}

const TODAY: readonly [member: string, client: string, version: string, tools: readonly string[]][] = [
  [
    'bruno',
    'Cursor',
    '2.1.7',
    ['github__get_pull_request', 'github__search_code', 'jira__get_issue', 'files__read_file'],
  ],
  [
    'dalia',
    'claude-code',
    '2.0.55',
    ['jira__search_issues', 'jira__add_comment', 'slack__post_message', 'stripe__list_invoices'],
  ],
  [
    'chen',
    'codex-mcp-client',
    '0.63.0',
    ['postgres__list_tables', 'postgres__query', 'postgres__query', 'notion__create_page'],
  ],
  [
    'emeka',
    'Cursor',
    '2.1.7',
    ['grafana__query_prometheus', 'sentry__find_issues', 'grafana__query_loki_logs'],
  ],
  [
    'freya',
    'claude-code',
    '2.0.55',
    ['figma__get_design_context', 'figma__get_screenshot', 'linear__list_issues'],
  ],
  [
    'bruno',
    'claude-code',
    '2.0.55',
    ['github__create_pull_request', 'jira__transition_issue', 'slack__get_thread'],
  ],
]

/** A call that went wrong tells more than one that did not. */
async function someRow({ plane, slug }: Team): Promise<number> {
  const { items } = await plane.api('GET', `/workspaces/${slug}/audit?outcome=timeout&limit=1`)
  // The shape is a part of the public contract; a wrong one fails where it is used.
  return (items as { seq: number }[])[0]?.seq ?? 1
}

if (noBrowser !== undefined) throw new Error(`There are no screenshots to take: ${noBrowser}.`)
build()
await takeAll()
