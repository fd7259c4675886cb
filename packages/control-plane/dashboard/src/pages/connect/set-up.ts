import type { ClientFacts } from './client-facts.ts'
import { type Entry, entryText } from './entry-text.ts'
import { bridgeLaunch, type Launch, type System, throughShell } from './launch.ts'

/** The name of the entry. Clients put it in front of every tool, so it is short. */
export const ENTRY_NAME = 'mcpgw'

/** How to run a command of the bridge straight from the workspace's URL, which needs nothing from a registry. */
export function bridgeCommand(url: string, command: string): string {
  return `npx -y --allow-remote=all ${url} ${command}`
}

/** What this client starts on this system. */
export function launchFor({ needsShell }: ClientFacts, system: System, launch: Launch): Launch {
  return needsShell && system === 'windows' ? throughShell(launch) : launch
}

export function bridgeEntry(client: ClientFacts, system: System, url: string): Entry {
  return client.entry(launchFor(client, system, bridgeLaunch(url)), ENTRY_NAME)
}

export function bridgeText(client: ClientFacts, system: System, url: string): string {
  return entryText(client, ENTRY_NAME, bridgeEntry(client, system, url))
}

/** The entry of a client that speaks to the URL itself, or undefined for those that cannot. */
export function directText(client: ClientFacts, url: string): string | undefined {
  const { direct } = client
  return direct && entryText(client, ENTRY_NAME, direct.entry(url, ENTRY_NAME), direct.beside)
}

const WINDOWS_FOLDER: readonly (readonly [string, string])[] = [
  ['AppData/Roaming/', '%APPDATA%\\'],
  ['AppData/Local/', '%LOCALAPPDATA%\\'],
  ['', '%USERPROFILE%\\'],
]

/** Where a client's configuration is, as people of that system write it. */
export function filePath(file: string, system: System): string {
  if (system !== 'windows') return `~/${file}`
  const [prefix, folder] = WINDOWS_FOLDER.find(([start]) => file.startsWith(start)) ?? ['', '']
  return folder + file.slice(prefix.length).replaceAll('/', '\\')
}

export interface OwnCommand {
  readonly program: string
  readonly command: string
}

/** The client's own command for adding a server, where it has one that can say all of it. */
export function ownCommand(client: ClientFacts, system: System, url: string): OwnCommand | undefined {
  const { args, env } = bridgeLaunch(url)
  const run = ['npx', ...args].join(' ')
  const variables = (flag: string) =>
    Object.entries(env)
      .map(([name, value]) => `${flag} ${name}=${value}`)
      .join(' ')
  if (client.id === 'claude-code')
    return {
      program: 'claude',
      command: `claude mcp add --scope user ${ENTRY_NAME} ${variables('-e')} -- ${run}`,
    }
  if (client.id === 'codex')
    return { program: 'codex', command: `codex mcp add ${ENTRY_NAME} ${variables('--env')} -- ${run}` }
  if (client.id !== 'vscode' || system === 'windows') return undefined
  const entry = JSON.stringify({ name: ENTRY_NAME, ...bridgeEntry(client, system, url) })
  return { program: 'code', command: `code --add-mcp '${entry}'` }
}

export interface OneClick {
  readonly label: string
  readonly href: string
  /** A page of the client's maker is opened, and passes it on. */
  readonly through?: string
}

/**
 * Links that hand the entry to the client. They begin with schemes and hosts that stand here and nowhere else, hold
 * values only in encoded form, and never a token: links end in the history of browsers.
 */
export function oneClickLinks(client: ClientFacts, system: System, url: string): readonly OneClick[] {
  const entry = bridgeEntry(client, system, url)
  const name = encodeURIComponent(ENTRY_NAME)
  const config = encodeURIComponent(toBase64(JSON.stringify(entry)))
  switch (client.id) {
    case 'cursor': {
      const href = `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${config}`
      return [{ label: 'Add to Cursor', href }]
    }
    case 'vscode': {
      const whole = encodeURIComponent(JSON.stringify({ name: ENTRY_NAME, ...entry }))
      return [
        { label: 'Add to VS Code', href: `vscode:mcp/install?${whole}` },
        { label: 'Add to VS Code Insiders', href: `vscode-insiders:mcp/install?${whole}` },
      ]
    }
    case 'lmstudio':
      return [{ label: 'Add to LM Studio', href: `lmstudio://add_mcp?name=${name}&config=${config}` }]
    case 'kiro': {
      const plain = encodeURIComponent(JSON.stringify(entry))
      const href = `https://kiro.dev/launch/mcp/add?name=${name}&config=${plain}`
      return [{ label: 'Add to Kiro', href, through: 'kiro.dev' }]
    }
    default:
      return []
  }
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
