import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { ControlPlane } from '../control-plane.ts'
import { EVERYTHING } from '../gateway/everything.ts'
import { type Home, openHome, runNpx } from './npx.ts'

const configuration = z.object({
  mcpServers: z.object({
    mcpgw: z.object({
      command: z.string(),
      args: z.array(z.string()),
      env: z.record(z.string(), z.string()),
    }),
  }),
})

/** A client that starts its servers from this file, with the few variables that clients pass on. */
async function openClient(home: Home, file: string): Promise<Client> {
  const { command, args, env } = configuration.parse(JSON.parse(readFileSync(file, 'utf8'))).mcpServers.mcpgw
  const { HOME = '', PATH = '' } = home.env
  const client = new Client({ name: 'cursor', version: '1.0.0' })
  await client.connect(
    new StdioClientTransport({ command, args, env: { HOME, PATH, ...env }, stderr: 'ignore' }),
  )
  return client
}

it('takes a teammate with an invite link from nothing to a first call within 60 seconds, and out again', async () => {
  await using plane = await ControlPlane.start()
  const { slug, url } = await plane.workspace('team')
  await plane.addServer(slug, { name: 'everything', command: 'node', args: [EVERYTHING, 'stdio'] })
  using home = openHome()
  const file = join(home.folder, '.cursor', 'mcp.json')
  mkdirSync(join(home.folder, '.cursor'))
  const mcpgw = (...args: string[]) => runNpx(['--allow-remote=all', url, ...args], { home })

  const startedAt = performance.now()
  const { link } = await plane.api('POST', `/workspaces/${slug}/invites`, {
    member: 'dana',
    role: 'developer',
  })
  expect(await mcpgw('login', String(link))).toMatchObject({ code: 0 })
  expect(await mcpgw('install', '--client', 'cursor')).toMatchObject({ code: 0 })
  const client = await openClient(home, file)
  const result = await client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } })
  expect(performance.now() - startedAt).toBeLessThan(60_000)
  expect(result.content).toEqual([{ type: 'text', text: 'Echo: hello' }])
  expect(readFileSync(file, 'utf8')).not.toMatch(/mcpgw_\w{40}/)

  const { items } = await plane.api('GET', `/workspaces/${slug}/audit?member=dana&kind=call`)
  expect(items).toMatchObject([{ server: 'everything', tool: 'echo', outcome: 'ok' }])

  const tokens = z.object({ items: z.array(z.object({ id: z.string(), member: z.string() })) })
  const { items: issued } = tokens.parse(await plane.api('GET', `/workspaces/${slug}/tokens`))
  const id = issued.find(({ member }) => member === 'dana')?.id
  await plane.api('DELETE', `/workspaces/${slug}/tokens/${id}`)
  const refused = client.callTool({ name: 'everything__echo', arguments: { message: 'again' } })
  await expect(refused).rejects.toThrow(/does not accept the token.*allow-remote=all .* login/)
  await client.close()
})
