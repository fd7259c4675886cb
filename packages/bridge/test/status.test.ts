import { expect, it } from 'vitest'
import { z } from 'zod'
import { bridgeEnvironment } from './support/bridge-process.ts'
import { runCommand } from './support/run-command.ts'
import { openScriptedGateway, serverState, workspacePath } from './support/scripted-gateway.ts'
import { goodToken } from './support/test-gateway.ts'

const environment = (url: string) => bridgeEnvironment({ MCPGW_TOKEN: goodToken, MCPGW_WORKSPACE: url })

/** What scripts may rely on. */
const statusAnswer = z.strictObject({
  workspace: z.string(),
  storage: z.string(),
  gateway: z.strictObject({ reachable: z.literal(true), latencyMs: z.int() }),
  role: z.string(),
  member: z.string(),
  expiresAt: z.iso.datetime().optional(),
  servers: z
    .array(
      z.looseObject({
        name: z.string(),
        status: z.string(),
        tools: z.int(),
        error: z.object({ message: z.string() }).optional(),
      }),
    )
    .optional(),
  calls: z
    .array(z.looseObject({ time: z.iso.datetime(), outcome: z.string(), latencyMs: z.number() }))
    .optional(),
})

const call = {
  seq: 7,
  time: '2026-11-22T12:00:00.000Z',
  member: 'ada',
  server: 'github',
  tool: 'issues',
  shownAs: 'github__issues',
  method: 'tools/call',
  outcome: 'tool_error',
  latencyMs: 41.7,
}

it('shows the workspace, its servers and your last calls', async () => {
  await using gateway = await openScriptedGateway()
  const expiresAt = '2027-01-01T00:00:00.000Z'
  gateway.answers.set('/api/v1/whoami', {
    body: { role: 'developer', member: 'ada', workspace: 'demo', expiresAt },
  })
  const error = { code: 'upstream_unavailable', message: 'Nobody answers.' }
  const items = [serverState({ tools: 1 }), serverState({ name: 'jira', status: 'failing', error })]
  gateway.answers.set(`${workspacePath}/servers`, { body: { items } })
  gateway.answers.set(`${workspacePath}/audit`, { body: { items: [call] } })
  const env = environment(gateway.url)

  const { code, stdout, stderr } = await runCommand(['status'], { env })
  expect(stdout).toMatch(/^member {5}ada\nrole {7}developer\nexpires {4}2027-01-01/m)
  expect(stdout).toContain(
    '\nServers\n  github  ready    1 tool\n  jira    failing  0 tools  Nobody answers.\n',
  )
  expect(stdout).toContain('\n  2026-11-22T12:00:00.000Z  github__issues  tool error  42 ms\n')
  expect(stderr).toBe('')
  expect(code).toBe(0)

  const json = statusAnswer.parse(JSON.parse((await runCommand(['status', '--json'], { env })).stdout))
  expect(json).toMatchObject({ workspace: gateway.url, member: 'ada', expiresAt })
  expect(json.servers).toHaveLength(2)
  expect(json.calls).toHaveLength(1)
  const asked = gateway.seen.map(({ path }) => path).find((path) => path.includes('/audit'))
  expect(asked).toContain('kind=call&limit=5&member=ada')
})

it('reads lists that come in pages to their end', async () => {
  await using gateway = await openScriptedGateway()
  // Every page is the same one here, and the bridge does not follow for ever.
  gateway.answers.set(`${workspacePath}/servers`, { body: { items: [serverState({})], nextCursor: 'more' } })
  const { stdout } = await runCommand(['status', '--json'], { env: environment(gateway.url) })
  expect(statusAnswer.parse(JSON.parse(stdout)).servers?.length).toBe(100)
  expect(gateway.seen.map(({ path }) => path)).toContain(`${workspacePath}/servers?limit=500&cursor=more`)
})

it('leaves out what a readonly token may not see', async () => {
  await using gateway = await openScriptedGateway()
  for (const path of ['servers', 'audit']) gateway.answers.set(`${workspacePath}/${path}`, { status: 403 })
  const env = environment(gateway.url)
  const { code, stdout } = await runCommand(['status'], { env })
  expect(stdout).not.toContain('Servers')
  expect(stdout).not.toContain('calls')
  expect(code).toBe(0)
  const { stdout: json } = await runCommand(['status', '--json'], { env })
  expect(statusAnswer.parse(JSON.parse(json)).servers).toBeUndefined()
})

it('says that a login is needed', async () => {
  await using gateway = await openScriptedGateway()
  const { MCPGW_TOKEN: _, ...env } = environment(gateway.url)
  const { code, stderr } = await runCommand(['status'], { env })
  expect(stderr).toContain('mcpgw login')
  expect(code).toBe(4)
  gateway.accept.clear()
  expect((await runCommand(['status'], { env: environment(gateway.url) })).code).toBe(4)
})

it('says that the gateway cannot be reached', async () => {
  const env = environment('http://127.0.0.1:1/ws/demo')
  const { code, stderr, stdout } = await runCommand(['status'], { env })
  expect(stderr).toContain('http://127.0.0.1:1 cannot be reached')
  expect(stdout).toBe('')
  expect(code).toBe(1)
})

it('lets no text of a server command the terminal', async () => {
  await using gateway = await openScriptedGateway()
  const error = { code: 'x', message: '\u001b]8;;http://evil\u0007click\nrole       owner' }
  const items = [serverState({ name: '\u001b[2Jevil', status: 'failing', error })]
  gateway.answers.set(`${workspacePath}/servers`, { body: { items } })
  gateway.answers.set('/api/v1/whoami', { body: { role: '\u001b[1m\nrole', member: 'ada\u009b31m' } })
  const { stdout, stderr } = await runCommand(['status'], { env: environment(gateway.url) })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them is the point
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(stdout).toContain('evil')
  expect(stdout.match(/^role/gm)).toHaveLength(1)
})
