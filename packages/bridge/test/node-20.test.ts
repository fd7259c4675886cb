import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, startBridge } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

const node20 = process.env.MCPGW_TEST_NODE20 ?? findNode20()

function findNode20(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  return folders
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path) && versionOf(path).startsWith('v20.'))
}

function versionOf(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' })
}

it('runs on Node 20', async ({ skip }) => {
  if (node20 === undefined) return skip('no Node 20 on the PATH; name one in MCPGW_TEST_NODE20')
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await using bridge = startBridge({ ...bridgeOptions(gateway.url), node: node20 })
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  const params = { name: 'count', arguments: {}, _meta: { progressToken: 'p' } }
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params })
  expect((await bridge.answerTo(2)).result?.content).toEqual([{ type: 'text', text: 'counted' }])
  expect(bridge.lines.filter((line) => line.includes('notifications/progress'))).toHaveLength(3)
  bridge.child.stdin.end()
  expect(await bridge.exited).toBe(0)
})
