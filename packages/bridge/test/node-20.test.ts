import { expect, it } from 'vitest'
import { bridgeOptions, initializeRequest, startBridge } from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { findNode20 } from './support/node-20.ts'
import { openTestGateway } from './support/test-gateway.ts'

const node20 = findNode20()

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
