import type { Entry, EntryPlace } from './entry-text.ts'
import type { Launch, System } from './launch.ts'

// The same facts as the table of `mcpgw install`, in the same order. test/dashboard/clients.test.ts holds them against
// the files that install writes.

export interface ClientFacts extends EntryPlace {
  readonly id: string
  readonly name: string
  /** Its configuration from the home folder on; several where the client looks at more than one place. */
  readonly files: Readonly<Record<System, readonly string[]>>
  /** On Windows it cannot start npx by itself, which is a script there. */
  readonly needsShell: boolean
  entry(launch: Launch, key: string): Entry
  /** How it speaks to the URL itself, for those that can. */
  readonly direct?: Direct
  /** What to do after the entry is there. */
  readonly afterwards: string
  readonly remarks?: readonly Remark[]
}

export interface Direct {
  entry(url: string, key: string): Entry
  /** What has to stand in the file beside the servers. */
  readonly beside?: object
  /** Where the token goes: in the file itself, in a variable of the environment, or where the client asks for it. */
  readonly token: 'file' | 'variable' | 'asked'
}

/** What to know about a client, in a few words and in a sentence. */
export interface Remark {
  readonly tone: 'good' | 'warn' | 'info'
  readonly word: string
  readonly sentence: string
}

/** Stands where the token goes. */
export const PLACEHOLDER = 'YOUR_TOKEN'
export const TOKEN_VARIABLE = 'MCPGW_TOKEN'
const VSCODE_INPUT = 'mcpgw-token'

const everywhere = (...files: readonly string[]) => ({ mac: files, linux: files, windows: files })
const inApplications = (...files: readonly string[]) => ({
  mac: files.map((file) => `Library/Application Support/${file}`),
  linux: files.map((file) => `.config/${file}`),
  windows: files.map((file) => `AppData/Roaming/${file}`),
})

function plain({ command, args, env }: Launch): Entry {
  return { command, args, ...filled('env', env) }
}

function typed(launch: Launch): Entry {
  return { type: 'stdio', ...plain(launch) }
}

function opencode({ command, args, env }: Launch): Entry {
  const environment = filled('environment', env)
  return { type: 'local', command: [command, ...args], ...environment, enabled: true, timeout: 15_000 }
}

function filled(key: string, env: Launch['env']): Entry {
  return Object.keys(env).length > 0 ? { [key]: env } : {}
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })

const headerInFile = { headers: bearer(PLACEHOLDER) }

function urlAndHeader(first: Entry = {}, urlKey = 'url'): Direct {
  return { token: 'file', entry: (url) => ({ ...first, [urlKey]: url, ...headerInFile }) }
}

/** Where the client fills in a variable of its environment, no secret needs to be in the file. */
function urlAndVariable(expression: string, first: Entry = {}, last: Entry = {}): Direct {
  return {
    token: 'variable',
    entry: (url) => ({ ...first, url, headers: bearer(expression), ...last }),
  }
}

const opencodeDirect = urlAndVariable(
  `{env:${TOKEN_VARIABLE}}`,
  { type: 'remote' },
  { oauth: false, enabled: true, timeout: 15_000 },
)

const usual = {
  format: 'json',
  container: 'mcpServers',
  needsShell: true,
  entry: plain,
} as const

const seesChanges: Remark = {
  tone: 'good',
  word: 'Notices new tools',
  sentence: 'When tools of the workspace change, it sees that by itself.',
}
const missesChanges = (how: string): Remark => ({
  tone: 'warn',
  word: 'May miss new tools',
  sentence: `When tools of the workspace change, it may go on with the old list. ${how}`,
})
const restart = (name: string): Remark => ({
  tone: 'info',
  word: 'Restart after adding',
  sentence: `${name} reads its configuration only when it starts.`,
})
const newSession = (name: string) => `Start a new session of ${name}.`

/** Every client that can be set up, in the order in which they are offered. */
export const CLIENTS: readonly ClientFacts[] = [
  {
    ...usual,
    id: 'claude-desktop',
    name: 'Claude Desktop',
    files: inApplications('Claude/claude_desktop_config.json', 'claude/claude_desktop_config.json'),
    afterwards: 'Quit Claude Desktop completely and start it again.',
    remarks: [restart('Claude Desktop')],
  },
  {
    ...usual,
    id: 'claude-code',
    name: 'Claude Code',
    files: everywhere('.claude.json'),
    entry: typed,
    needsShell: false,
    direct: urlAndVariable(`\${${TOKEN_VARIABLE}}`, { type: 'http' }),
    afterwards: newSession('Claude Code'),
    remarks: [missesChanges('Type /mcp and reconnect mcpgw.')],
  },
  {
    ...usual,
    id: 'cursor',
    name: 'Cursor',
    files: everywhere('.cursor/mcp.json'),
    needsShell: false,
    direct: urlAndVariable(`\${env:${TOKEN_VARIABLE}}`),
    afterwards: 'Switch the server on in Cursor: Settings, MCP.',
    remarks: [
      {
        tone: 'info',
        word: 'Short names only',
        sentence: 'It leaves out tools whose name, with that of the server, is longer than 60 characters.',
      },
    ],
  },
  {
    ...usual,
    id: 'vscode',
    name: 'VS Code',
    files: inApplications('Code/User/mcp.json'),
    container: 'servers',
    entry: typed,
    needsShell: false,
    direct: {
      token: 'asked',
      entry: (url) => ({ type: 'http', url, headers: bearer(`\${input:${VSCODE_INPUT}}`) }),
      beside: {
        inputs: [
          { type: 'promptString', id: VSCODE_INPUT, description: 'Token of the workspace', password: true },
        ],
      },
    },
    afterwards: 'Trust the server when VS Code asks, at its first start.',
    remarks: [
      seesChanges,
      { tone: 'info', word: '128 tools at once', sentence: 'It gives at most 128 tools to a model at once.' },
    ],
  },
  {
    ...usual,
    id: 'copilot-cli',
    name: 'GitHub Copilot CLI',
    files: everywhere('.copilot/mcp-config.json'),
    entry: (launch) => ({ type: 'local', ...plain(launch), tools: ['*'] }),
    direct: {
      token: 'file',
      entry: (url) => ({ type: 'http', url, ...headerInFile, tools: ['*'] }),
    },
    afterwards: newSession('Copilot CLI'),
  },
  {
    ...usual,
    id: 'visualstudio',
    name: 'Visual Studio',
    files: { mac: [], linux: [], windows: ['.mcp.json'] },
    container: 'servers',
    entry: typed,
    afterwards: 'Quit Visual Studio completely and start it again.',
    remarks: [restart('Visual Studio')],
  },
  {
    ...usual,
    id: 'devin',
    name: 'Devin Desktop and CLI',
    files: {
      ...everywhere('.config/devin/mcp_config.json'),
      windows: ['AppData/Roaming/devin/mcp_config.json'],
    },
    direct: {
      token: 'file',
      entry: (url) => ({ url, transport: 'http', ...headerInFile }),
    },
    afterwards: 'Refresh the MCP servers in the settings of Devin.',
  },
  {
    ...usual,
    id: 'windsurf',
    name: 'Windsurf',
    files: everywhere('.codeium/windsurf/mcp_config.json'),
    direct: urlAndHeader({}, 'serverUrl'),
    afterwards: 'Refresh the MCP servers in the settings of Windsurf.',
    remarks: [
      {
        tone: 'info',
        word: 'Now Devin Desktop',
        sentence: 'Since June 2026 it is Devin Desktop, which reads another file.',
      },
    ],
  },
  {
    ...usual,
    id: 'zed',
    name: 'Zed',
    files: {
      mac: ['.config/zed/settings.json', 'Library/Application Support/Zed/settings.json'],
      linux: ['.config/zed/settings.json'],
      windows: ['AppData/Roaming/Zed/settings.json'],
    },
    container: 'context_servers',
    direct: urlAndHeader(),
    afterwards: 'Nothing to do: Zed reads the file again by itself.',
    remarks: [
      seesChanges,
      { tone: 'info', word: 'Tools and prompts', sentence: 'It uses tools and prompts, and no resources.' },
    ],
  },
  {
    ...usual,
    id: 'codex',
    name: 'Codex',
    files: everywhere('.codex/config.toml'),
    format: 'toml',
    container: 'mcp_servers',
    needsShell: false,
    entry: (launch) => ({
      ...plain(launch),
      // It hands on nothing that is not named here.
      env_vars: [
        'HTTPS_PROXY',
        'HTTP_PROXY',
        'NO_PROXY',
        'NODE_EXTRA_CA_CERTS',
        'DBUS_SESSION_BUS_ADDRESS',
        'XDG_RUNTIME_DIR',
      ],
      startup_timeout_sec: 20,
    }),
    direct: {
      token: 'variable',
      entry: (url) => ({ url, bearer_token_env_var: TOKEN_VARIABLE }),
    },
    afterwards: newSession('Codex'),
    remarks: [missesChanges('Start a new session to see them.')],
  },
  {
    ...usual,
    id: 'gemini',
    name: 'Gemini CLI',
    files: everywhere('.gemini/settings.json'),
    direct: urlAndHeader({}, 'httpUrl'),
    afterwards: newSession('Gemini CLI'),
    remarks: [seesChanges],
  },
  {
    ...usual,
    id: 'antigravity',
    name: 'Google Antigravity',
    files: everywhere('.gemini/antigravity/mcp_config.json'),
    direct: urlAndHeader({}, 'serverUrl'),
    afterwards: 'Refresh the MCP servers in Antigravity: Manage MCP Servers.',
  },
  {
    ...usual,
    id: 'cline',
    name: 'Cline in VS Code',
    files: inApplications('Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'),
    entry: typed,
    direct: urlAndHeader({ type: 'streamableHttp' }),
    afterwards: 'Nothing to do: Cline reads the file again by itself.',
    remarks: [seesChanges],
  },
  {
    ...usual,
    id: 'cline-cli',
    name: 'Cline CLI',
    files: everywhere('.cline/data/settings/cline_mcp_settings.json', '.cline/mcp.json'),
    entry: typed,
    direct: urlAndHeader({ type: 'streamableHttp' }),
    afterwards: newSession('Cline'),
  },
  {
    ...usual,
    id: 'continue',
    name: 'Continue',
    files: everywhere('.continue/config.yaml'),
    format: 'yaml',
    isList: true,
    template: 'name: My configuration\nversion: 1.0.0\nschema: v1\n',
    entry: (launch, key) => ({ name: key, ...typed(launch) }),
    direct: {
      token: 'file',
      entry: (url, key) => ({ name: key, type: 'streamable-http', url, requestOptions: headerInFile }),
    },
    afterwards: 'Reload the window of your editor.',
    remarks: [
      {
        tone: 'warn',
        word: 'No longer developed',
        sentence: 'Its last version is 2.0.0, from June 2026.',
      },
    ],
  },
  {
    ...usual,
    id: 'junie',
    name: 'Junie',
    files: everywhere('.junie/mcp/mcp.json'),
    afterwards: 'Switch the server on in your IDE: Settings, Tools, Junie, MCP Settings.',
  },
  {
    ...usual,
    id: 'goose',
    name: 'goose',
    files: {
      ...everywhere('.config/goose/config.yaml'),
      windows: ['AppData/Roaming/Block/goose/config/config.yaml'],
    },
    format: 'yaml',
    container: 'extensions',
    entry: ({ command, args, env }, key) => ({
      type: 'stdio',
      name: key,
      cmd: command,
      args,
      ...filled('envs', env),
      enabled: true,
      timeout: 300,
    }),
    direct: {
      token: 'file',
      entry: (url, key) => ({
        type: 'streamable_http',
        name: key,
        uri: url,
        ...headerInFile,
        enabled: true,
        timeout: 300,
      }),
    },
    afterwards: newSession('goose'),
  },
  {
    ...usual,
    id: 'lmstudio',
    name: 'LM Studio',
    files: everywhere('.lmstudio/mcp.json', '.cache/lm-studio/mcp.json'),
    direct: urlAndHeader(),
    afterwards: 'Switch the server on in LM Studio: Program, Integrations.',
  },
  {
    ...usual,
    id: 'opencode',
    name: 'opencode',
    files: everywhere('.config/opencode/opencode.json', '.config/opencode/opencode.jsonc'),
    container: 'mcp',
    entry: opencode,
    direct: opencodeDirect,
    afterwards: newSession('opencode'),
  },
  {
    ...usual,
    id: 'kilo',
    name: 'Kilo Code',
    files: everywhere('.config/kilo/kilo.jsonc'),
    container: 'mcp',
    entry: opencode,
    direct: opencodeDirect,
    afterwards: newSession('Kilo Code'),
  },
  {
    ...usual,
    id: 'kiro',
    name: 'Kiro',
    files: everywhere('.kiro/settings/mcp.json'),
    direct: urlAndVariable(`\${${TOKEN_VARIABLE}}`),
    afterwards: 'Nothing to do: Kiro reads the file again by itself.',
  },
  {
    ...usual,
    id: 'crush',
    name: 'Crush',
    files: {
      ...everywhere('.config/crush/crush.json'),
      windows: ['AppData/Local/crush/crush.json'],
    },
    container: 'mcp',
    entry: typed,
    direct: urlAndHeader({ type: 'http' }),
    afterwards: newSession('Crush'),
  },
]

export function clientWith(id: string | undefined): ClientFacts | undefined {
  return CLIENTS.find((client) => client.id === id)
}
