import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CLIENTS, PLACEHOLDER } from '../../dashboard/src/pages/connect/client-facts.ts'
import { entryText } from '../../dashboard/src/pages/connect/entry-text.ts'
import type { System } from '../../dashboard/src/pages/connect/launch.ts'
import {
  bridgeEntry,
  directText,
  ENTRY_NAME,
  launchFor,
  oneClickLinks,
} from '../../dashboard/src/pages/connect/set-up.ts'

// What `mcpgw install` writes, as its own tests keep it. The Connect page has to say the same.
const golden = fileURLToPath(new URL('../../../bridge/test/golden/clients', import.meta.url))

const platform = { mac: 'darwin', linux: 'linux', windows: 'win32' } as const
const systems = ['mac', 'linux', 'windows'] as const

const URL_OF_TEST = 'https://gateway.example.com/ws/eng'

/** The one difference that is meant: install's golden files are of the published package. */
const published = {
  command: 'npx',
  args: ['-y', '--prefer-offline', 'mcpgw@1', 'stdio', '--workspace', URL_OF_TEST],
  env: {},
}

const rows = CLIENTS.flatMap((client) =>
  systems
    .filter((system) => client.files[system].length > 0)
    .map((system) => [client.id, system, client] as const),
)

it('knows every client that install knows', () => {
  const folders = readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(CLIENTS.map(({ id }) => id).toSorted()).toEqual(folders.map(({ name }) => name).toSorted())
})

it('names the file that install writes, on every system', () => {
  const lines = rows.map(
    ([id, system, client]) => `${id} ${platform[system]}: ${client.files[system].join(' or ')}\n`,
  )
  expect(lines.join('')).toBe(readFileSync(join(golden, 'paths.txt'), 'utf8'))
})

describe.each(rows)('%s on %s', (id, system: System, client) => {
  const file = `fresh.${system === 'windows' ? 'windows' : 'posix'}.${client.format}.txt`

  it('shows the entry that install writes', () => {
    const entry = client.entry(launchFor(client, system, published), ENTRY_NAME)
    expect(`${entryText(client, ENTRY_NAME, entry)}\n`).toBe(readFileSync(join(golden, id, file), 'utf8'))
  })

  it('starts the workspace’s own copy of the bridge, and waits for no dead network', () => {
    const text = JSON.stringify(bridgeEntry(client, system, URL_OF_TEST))
    expect(text).toContain(`"--allow-remote=all","${URL_OF_TEST}"`)
    expect(text).toContain('"npm_config_fetch_retries":"0"')
  })
})

it.each(CLIENTS.flatMap((client) => (client.direct === undefined ? [] : [[client.id, client] as const])))(
  'lets %s speak to the URL, with a token that is not filled in',
  (_, client) => {
    const text = directText(client, URL_OF_TEST) ?? ''
    expect(text).toContain(URL_OF_TEST)
    expect(text.includes(PLACEHOLDER)).toBe(client.direct?.token === 'file')
    expect(text).not.toMatch(/mcpgw_[A-Za-z0-9]{8}/)
  },
)

it('reads back from a link what it put in, and makes no link of another scheme', () => {
  const links = CLIENTS.flatMap((client) => oneClickLinks(client, 'mac', URL_OF_TEST))
  const starts = links.map(({ href }) => href.slice(0, href.indexOf('?') + 1))
  expect(starts).toEqual([
    'cursor://anysphere.cursor-deeplink/mcp/install?',
    'vscode:mcp/install?',
    'vscode-insiders:mcp/install?',
    'lmstudio://add_mcp?',
    'https://kiro.dev/launch/mcp/add?',
  ])
  const [cursor = '', vscode = ''] = links.map(({ href }) => href.slice(href.indexOf('?') + 1))
  const config = new URLSearchParams(cursor).get('config') ?? ''
  expect(JSON.parse(Buffer.from(config, 'base64').toString())).toMatchObject({ command: 'npx' })
  expect(JSON.parse(decodeURIComponent(vscode))).toMatchObject({ name: 'mcpgw', type: 'stdio' })
})
