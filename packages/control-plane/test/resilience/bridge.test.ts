import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { mintToken } from '../../src/access/token-format.ts'
import { ControlPlane } from '../control-plane.ts'
import { issueUntil } from './short-token.ts'
import { answerText, type SmallUpstream, startSmall } from './small-upstream.ts'

const BRIDGE = resolve(import.meta.dirname, '../../../bridge/dist/mcpgw.js')
const INFO = { name: 'client', version: '1' }
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
}

let plane: ControlPlane
let upstream: SmallUpstream
let emptyFolder: string
let url: string
let token: string
/** What the bridge finds, by what is wrong with it. */
const cases: Record<string, { workspace: string; token?: string; says: RegExp; type: RegExp }> = {}

beforeAll(async () => {
  emptyFolder = await mkdtemp(join(tmpdir(), 'mcpgw-bridge-'))
  upstream = await startSmall(['echo'], (call) => answerText(call, JSON.stringify(call.args)))
  plane = await ControlPlane.start()
  ;({ url, token } = await plane.workspace('team'))
  await plane.addServer('team', { name: 'up', url: upstream.url })
  const revoked = await plane.api('POST', '/workspaces/team/tokens', {
    name: 'r',
    member: 'm',
    role: 'developer',
  })
  await plane.api('DELETE', `/workspaces/team/tokens/${revoked.id}`)
  const { token: foreign } = await plane.workspace('other')
  const login = /Type: mcpgw login http:\/\/127\.0\.0\.1:\d+\/ws\/\w+/
  const refused = { workspace: url, says: /does not accept the token/, type: login }
  Object.assign(cases, {
    'no token': { workspace: url, says: /Nobody is logged in/, type: login },
    'a malformed token': {
      workspace: url,
      token: 'mcpgw_short',
      says: /token/,
      type: /mcpgw login|MCPGW_TOKEN/,
    },
    'an unknown token': { ...refused, token: mintToken({ bytes: randomBytes }) },
    'a revoked token': { ...refused, token: String(revoked.token) },
    'an expired token': { ...refused, token: await issueUntil(plane, 'team', Date.now() - 1_000) },
    'a token of another workspace': {
      workspace: url,
      token: foreign,
      says: /no workspace/,
      type: /mcpgw login/,
    },
    'a workspace that does not exist': {
      workspace: `${plane.url}/ws/nowhere`,
      token,
      says: /no workspace/,
      type: /mcpgw login/,
    },
    'a control plane that cannot be reached': {
      workspace: 'http://127.0.0.1:1/ws/team',
      token,
      says: /127\.0\.0\.1:1/,
      type: /Check that the gateway runs/,
    },
  })
}, 30_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
  await rm(emptyFolder, { recursive: true, force: true })
})

function environment(given: string | undefined): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    // Nothing of whoever runs the tests is found.
    MCPGW_CONFIG_DIR: emptyFolder,
    MCPGW_STORAGE: 'file',
    ...(given !== undefined && { MCPGW_TOKEN: given }),
  }
}

function command(workspace: string, given: string | undefined) {
  return {
    command: process.execPath,
    args: [BRIDGE, 'stdio', '--workspace', workspace],
    env: environment(given),
    stderr: 'pipe' as const,
  }
}

/** What a legacy and a modern SDK client show their user. */
const connecting = {
  'a client of SDK v1': (workspace: string, given?: string) =>
    new LegacyClient(INFO).connect(new LegacyTransport(command(workspace, given))),
  'a client of SDK v2': (workspace: string, given?: string) =>
    new ModernClient(INFO, { versionNegotiation: { mode: 'auto' } }).connect(
      new ModernTransport(command(workspace, given)),
    ),
}

const NAMES = [
  'no token',
  'a malformed token',
  'an unknown token',
  'a revoked token',
  'an expired token',
  'a token of another workspace',
  'a workspace that does not exist',
  'a control plane that cannot be reached',
]

/** Longer than the bridge tries to reach a control plane, shorter than the clients' own limit. */
const LIMIT_MS = 25_000

describe.concurrent('the bridge tells the client what is wrong and what to type', () => {
  for (const [who, connect] of Object.entries(connecting)) {
    it.each(NAMES)(
      `${who}: %s`,
      async (name) => {
        const wrong = caseOf(name)
        const error = await connect(wrong.workspace, wrong.token).then(
          () => new Error('connected'),
          (reason: Error) => reason,
        )
        expect(error.message).toMatch(wrong.says)
        expect(error.message).toMatch(wrong.type)
      },
      LIMIT_MS,
    )
  }

  it.each(NAMES)(
    'on stderr, with nothing but protocol on stdout: %s',
    async (name) => {
      const { workspace, token: given, says, type } = caseOf(name)
      const { command: node, args, env } = command(workspace, given)
      const child = spawn(node, args, { env })
      const said = { stdout: '', stderr: '' }
      child.stdout.on('data', (chunk) => (said.stdout += chunk))
      child.stderr.on('data', (chunk) => (said.stderr += chunk))
      const ended = once(child, 'close')
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO }
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`)
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list' })}\n`)
      // A client of SDK v2 that is pinned to its revision shows nothing of an error, so its line is looked at here.
      const discover = { jsonrpc: '2.0', id: 3, method: 'server/discover', params: { _meta: ENVELOPE } }
      child.stdin.write(`${JSON.stringify(discover)}\n`)
      await vi.waitFor(() => expect(said.stdout.split('\n').length).toBeGreaterThan(3), LIMIT_MS - 2_000)
      child.stdin.end()
      const [code] = await ended
      expect(code).toBe(0)
      expect(said.stdout.endsWith('\n')).toBe(true)
      const answers = said.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(answers.map(({ id }) => id).toSorted()).toEqual([1, 2, 3])
      for (const { error } of answers) expect(error.message).toMatch(says)
      expect(said.stderr).toMatch(says)
      expect(said.stderr).toMatch(type)
      expect(said.stderr).not.toMatch(/\n\s+at /)
      if (given !== undefined) expect(said.stderr + said.stdout).not.toContain(given)
      // The same trouble is told once, not once for each message.
      expect(said.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2)
    },
    LIMIT_MS,
  )
})

function caseOf(name: string) {
  const found = cases[name]
  if (found === undefined) throw new Error(`no case ${name}`)
  return found
}

describe('a control plane restarted under the bridge', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'goes on for clients of both eras after %s',
    async (signal) => {
      const legacy = new LegacyClient(INFO)
      const modern = new ModernClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
      await legacy.connect(new LegacyTransport(command(url, token)))
      await modern.connect(new ModernTransport(command(url, token)))
      const echo = { name: 'up__echo', arguments: { a: 1 } }
      const callBoth = async () =>
        JSON.stringify([await legacy.callTool(echo), await modern.callTool(echo)]).match(/\{\\"a\\":1\}/g)
          ?.length
      expect(await callBoth()).toBe(2)
      for (let restart = 0; restart < 2; restart++) {
        await plane.kill(signal)
        // Asked while nobody is there: the bridge waits for the control plane to come back.
        const calls = callBoth()
        await plane.start()
        expect(await calls).toBe(2)
        expect(await callBoth()).toBe(2)
      }
      await Promise.all([legacy.close(), modern.close()])
    },
    30_000,
  )
})
