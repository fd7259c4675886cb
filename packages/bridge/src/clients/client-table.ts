import { join } from 'node:path'
import type { Client } from './client.ts'
import type { Launch } from './launch.ts'
import type { EntryShape } from './our-entry.ts'
import { applicationFolder, type Place, xdgFolder } from './place.ts'

const restart = (name: string) => `Quit ${name} completely and start it again.`
const newSession = (name: string) => `Start a new session of ${name}.`

function plainShape({ command, args, env }: Launch): EntryShape {
  return { required: { command, args, ...filled('env', env) }, defaults: {} }
}

function typedShape(launch: Launch): EntryShape {
  return { required: { type: 'stdio', ...plainShape(launch).required }, defaults: {} }
}

function opencodeShape({ command, args, env }: Launch): EntryShape {
  return {
    required: { type: 'local', command: [command, ...args], ...filled('environment', env) },
    // Its own limit for listing tools is 5 s, which a first start through npx can exceed.
    defaults: { enabled: true, timeout: 15_000 },
  }
}

function filled(key: string, env: Launch['env']) {
  return Object.keys(env).length > 0 ? { [key]: env } : {}
}

const inHome =
  (...path: readonly string[]) =>
  ({ home }: Place) => [join(home, ...path)]
const inApplications =
  (...path: readonly string[]) =>
  (place: Place) => [join(applicationFolder(place), ...path)]

const usual = {
  format: 'json',
  at: { container: 'mcpServers' },
  envKey: 'env',
  shape: plainShape,
  isDesktop: true,
  needsShell: true,
} as const

const claudeCodeFolder = ({ home, env }: Place) => env.CLAUDE_CONFIG_DIR || join(home, '.claude')
const codexFolder = ({ home, env }: Place) => env.CODEX_HOME || join(home, '.codex')
const crushFolder = (place: Place) =>
  place.platform === 'win32'
    ? join(place.env.LOCALAPPDATA || join(place.home, 'AppData', 'Local'), 'crush')
    : join(xdgFolder(place), 'crush')
const devinFolder = (place: Place) =>
  place.platform === 'win32' ? join(applicationFolder(place), 'devin') : join(place.home, '.config', 'devin')
const gooseFolder = (place: Place) =>
  place.platform === 'win32'
    ? join(applicationFolder(place), 'Block', 'goose', 'config')
    : join(xdgFolder(place), 'goose')
const zedFolders = (place: Place) => {
  if (place.platform === 'win32') return [join(applicationFolder(place), 'Zed')]
  const settings = join(xdgFolder(place), 'zed')
  return place.platform === 'darwin' ? [settings, join(applicationFolder(place), 'Zed')] : [settings]
}
const clineFolder = inApplications('Code', 'User', 'globalStorage', 'saoudrizwan.claude-dev')

/** Every client that can be set up, in the order they are offered. */
export const clients: readonly Client[] = [
  {
    ...usual,
    id: 'claude-desktop',
    name: 'Claude Desktop',
    files: (place) =>
      ['Claude', 'claude'].map((folder) =>
        join(applicationFolder(place), folder, 'claude_desktop_config.json'),
      ),
    traces: (place) => ['Claude', 'claude'].map((folder) => join(applicationFolder(place), folder)),
    afterwards: restart('Claude Desktop'),
  },
  {
    ...usual,
    id: 'claude-code',
    name: 'Claude Code',
    files: ({ home, env }) => [join(env.CLAUDE_CONFIG_DIR || home, '.claude.json')],
    traces: (place) => [claudeCodeFolder(place), join(place.home, '.claude.json')],
    shape: typedShape,
    isDesktop: false,
    needsShell: false,
    afterwards: newSession('Claude Code'),
  },
  {
    ...usual,
    id: 'cursor',
    name: 'Cursor',
    files: inHome('.cursor', 'mcp.json'),
    traces: inHome('.cursor'),
    needsShell: false,
    afterwards: 'Switch the server on in Cursor: Settings, MCP.',
  },
  {
    ...usual,
    id: 'vscode',
    name: 'VS Code',
    files: inApplications('Code', 'User', 'mcp.json'),
    traces: inApplications('Code'),
    at: { container: 'servers' },
    shape: typedShape,
    needsShell: false,
    afterwards: 'Trust the server when VS Code asks, at its first start.',
  },
  {
    ...usual,
    id: 'copilot-cli',
    name: 'GitHub Copilot CLI',
    files: inHome('.copilot', 'mcp-config.json'),
    traces: inHome('.copilot'),
    shape: (launch) => ({
      required: { type: 'local', ...plainShape(launch).required },
      defaults: { tools: ['*'] },
    }),
    isDesktop: false,
    afterwards: newSession('Copilot CLI'),
  },
  {
    ...usual,
    id: 'visualstudio',
    name: 'Visual Studio',
    files: ({ platform, home }) => (platform === 'win32' ? [join(home, '.mcp.json')] : []),
    traces: ({ home, env }) => [
      join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'Microsoft', 'VisualStudio'),
    ],
    at: { container: 'servers' },
    shape: typedShape,
    afterwards: restart('Visual Studio'),
  },
  {
    ...usual,
    id: 'devin',
    name: 'Devin Desktop and CLI',
    files: (place) => [join(devinFolder(place), 'mcp_config.json')],
    traces: (place) => [devinFolder(place)],
    afterwards: 'Refresh the MCP servers in the settings of Devin.',
  },
  {
    ...usual,
    id: 'windsurf',
    name: 'Windsurf',
    files: inHome('.codeium', 'windsurf', 'mcp_config.json'),
    traces: inHome('.codeium', 'windsurf'),
    successor: 'devin',
    afterwards: 'Refresh the MCP servers in the settings of Windsurf.',
  },
  {
    ...usual,
    id: 'zed',
    name: 'Zed',
    files: (place) => zedFolders(place).map((folder) => join(folder, 'settings.json')),
    traces: zedFolders,
    at: { container: 'context_servers' },
    afterwards: 'Nothing to do: Zed reads the file again by itself.',
  },
  {
    ...usual,
    id: 'codex',
    name: 'Codex',
    files: (place) => [join(codexFolder(place), 'config.toml')],
    traces: (place) => [codexFolder(place)],
    format: 'toml',
    at: { container: 'mcp_servers' },
    shape: (launch) => ({
      ...plainShape(launch),
      defaults: {
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
      },
    }),
    needsShell: false,
    afterwards: newSession('Codex'),
  },
  {
    ...usual,
    id: 'gemini',
    name: 'Gemini CLI',
    files: inHome('.gemini', 'settings.json'),
    // Antigravity keeps its files in the same folder.
    traces: ({ home }) =>
      ['settings.json', 'installation_id', 'oauth_creds.json'].map((file) => join(home, '.gemini', file)),
    isDesktop: false,
    afterwards: newSession('Gemini CLI'),
  },
  {
    ...usual,
    id: 'antigravity',
    name: 'Google Antigravity',
    files: inHome('.gemini', 'antigravity', 'mcp_config.json'),
    traces: inHome('.gemini', 'antigravity'),
    afterwards: 'Refresh the MCP servers in Antigravity: Manage MCP Servers.',
  },
  {
    ...usual,
    id: 'cline',
    name: 'Cline in VS Code',
    files: (place) => clineFolder(place).map((folder) => join(folder, 'settings', 'cline_mcp_settings.json')),
    traces: clineFolder,
    shape: typedShape,
    afterwards: 'Nothing to do: Cline reads the file again by itself.',
  },
  {
    ...usual,
    id: 'cline-cli',
    name: 'Cline CLI',
    files: ({ home }) => [
      join(home, '.cline', 'data', 'settings', 'cline_mcp_settings.json'),
      join(home, '.cline', 'mcp.json'),
    ],
    traces: inHome('.cline'),
    shape: typedShape,
    isDesktop: false,
    afterwards: newSession('Cline'),
  },
  {
    ...usual,
    id: 'continue',
    name: 'Continue',
    files: inHome('.continue', 'config.yaml'),
    traces: inHome('.continue'),
    supplants: ({ home }) => join(home, '.continue', 'config.json'),
    format: 'yaml',
    at: { container: 'mcpServers', isList: true },
    template: 'name: My configuration\nversion: 1.0.0\nschema: v1\n',
    shape: (launch, key) => ({ required: { name: key, ...typedShape(launch).required }, defaults: {} }),
    afterwards: 'Reload the window of your editor.',
  },
  {
    ...usual,
    id: 'junie',
    name: 'Junie',
    files: inHome('.junie', 'mcp', 'mcp.json'),
    traces: inHome('.junie'),
    afterwards: 'Switch the server on in your IDE: Settings, Tools, Junie, MCP Settings.',
  },
  {
    ...usual,
    id: 'goose',
    name: 'goose',
    files: (place) => [join(gooseFolder(place), 'config.yaml')],
    traces: (place) => [gooseFolder(place)],
    format: 'yaml',
    at: { container: 'extensions' },
    envKey: 'envs',
    shape: ({ command, args, env }, key) => ({
      required: { type: 'stdio', name: key, cmd: command, args, ...filled('envs', env) },
      defaults: { enabled: true, timeout: 300 },
    }),
    afterwards: newSession('goose'),
  },
  {
    ...usual,
    id: 'lmstudio',
    name: 'LM Studio',
    files: ({ home }) => [join(home, '.lmstudio', 'mcp.json'), join(home, '.cache', 'lm-studio', 'mcp.json')],
    traces: ({ home }) => [join(home, '.lmstudio'), join(home, '.cache', 'lm-studio')],
    afterwards: 'Switch the server on in LM Studio: Program, Integrations.',
  },
  {
    ...usual,
    id: 'opencode',
    name: 'opencode',
    files: (place) =>
      ['opencode.json', 'opencode.jsonc'].map((file) => join(xdgFolder(place), 'opencode', file)),
    traces: (place) => [join(xdgFolder(place), 'opencode')],
    at: { container: 'mcp' },
    envKey: 'environment',
    shape: opencodeShape,
    isDesktop: false,
    afterwards: newSession('opencode'),
  },
  {
    ...usual,
    id: 'kilo',
    name: 'Kilo Code',
    files: (place) => [join(xdgFolder(place), 'kilo', 'kilo.jsonc')],
    traces: (place) => [join(xdgFolder(place), 'kilo')],
    at: { container: 'mcp' },
    envKey: 'environment',
    shape: opencodeShape,
    afterwards: newSession('Kilo Code'),
  },
  {
    ...usual,
    id: 'kiro',
    name: 'Kiro',
    files: inHome('.kiro', 'settings', 'mcp.json'),
    traces: inHome('.kiro'),
    afterwards: 'Nothing to do: Kiro reads the file again by itself.',
  },
  {
    ...usual,
    id: 'crush',
    name: 'Crush',
    files: (place) => [join(crushFolder(place), 'crush.json')],
    traces: (place) => [crushFolder(place)],
    at: { container: 'mcp' },
    shape: typedShape,
    isDesktop: false,
    afterwards: newSession('Crush'),
  },
]
