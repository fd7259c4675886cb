import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'

const fixture = (name: string) => ({ command: 'node', args: [join(import.meta.dirname, '../servers', name)] })
const program = (script: string) => ({ command: 'node', args: ['-e', script] })

const SERVERS = {
  silent: fixture('silent-stdio.ts'),
  noisy: program("setInterval(() => console.log('listening on port 3000'), 5)"),
  chatty: fixture('garbage-stdio.ts'),
}
/** How long a server may take to answer its first request, and what a slow machine adds. */
const SETTLED_MS = 30_000 + 15_000

let plane: ControlPlane
beforeAll(async () => {
  plane = await ControlPlane.start()
  await plane.workspace('team')
  for (const [name, server] of Object.entries(SERVERS))
    await plane.api('POST', '/workspaces/team/servers', { name, ...server })
})
afterAll(() => plane[Symbol.asyncDispose]())

async function servers(): Promise<Map<unknown, Record<string, unknown>>> {
  const { items } = await plane.api('GET', '/workspaces/team/servers')
  return new Map((items as Record<string, unknown>[]).map((server) => [server.name, server]))
}

it('says of a hosted server that starts but does not speak MCP what it did instead', async () => {
  const connecting = async () =>
    [...(await servers()).values()].filter(({ status }) => status === 'connecting')
  await expect.poll(connecting, { timeout: SETTLED_MS, interval: 500 }).toEqual([])
  const found = await servers()
  expect(found.get('silent')?.error).toEqual({
    code: 'upstream_timeout',
    message: 'The server did not answer its first request, "initialize", within 30 seconds.',
    fix: 'Check that it is an MCP server and that it is not stuck.',
  })
  expect(found.get('noisy')?.error).toEqual({
    code: 'upstream_timeout',
    message: expect.stringMatching(
      /"initialize", within 30 seconds\. It printed \d+ lines that are no MCP messages on stdout\.$/,
    ),
    fix: expect.stringMatching(
      /^Check that its command starts an MCP server on stdio and that it logs to stderr\./,
    ),
  })
  // Noise beside good answers is no fault.
  expect(found.get('chatty')).toMatchObject({ status: 'ready', tools: 1 })
})
