import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type BridgeProcess,
  bridgeFile,
  bridgeOptions,
  initializeRequest,
  modernRequest,
  startBridge,
  watchBridge,
} from './support/bridge-process.ts'
import { createLegacyServer } from './support/legacy-server.ts'
import { createModernServer } from './support/modern-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

const waitCall = {
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name: 'wait', arguments: { ms: 15_000 } },
}

async function busyBridge(url: string): Promise<BridgeProcess> {
  const bridge = startBridge(bridgeOptions(url))
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  bridge.send(waitCall)
  bridge.send(modernRequest('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } }))
  return bridge
}

async function expectSoonGone(bridge: BridgeProcess): Promise<void> {
  const startedAt = performance.now()
  expect(await bridge.exited).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
}

const ways: Record<string, (bridge: BridgeProcess) => void> = {
  'closes stdin': (bridge) => bridge.child.stdin.end(),
  'sends SIGTERM': (bridge) => bridge.child.kill('SIGTERM'),
  'sends SIGINT': (bridge) => bridge.child.kill('SIGINT'),
  'sends SIGHUP': (bridge) => bridge.child.kill('SIGHUP'),
  'reads no more': (bridge) => {
    bridge.child.stdout.destroy()
    bridge.send({ jsonrpc: '2.0', id: 3, method: 'ping' })
  },
}

it.each(Object.keys(ways))(
  'is gone within two seconds when a client with calls under way %s',
  async (way) => {
    await using gateway = await openTestGateway(createLegacyServer().handler)
    await using bridge = await busyBridge(gateway.url)
    await expect.poll(() => gateway.requests.some((request) => request.text.includes('15000'))).toBe(true)
    ways[way]?.(bridge)
    await expectSoonGone(bridge)
  },
)

it('is gone within two seconds when the gateway cannot be reached', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  await gateway.stop()
  await using bridge = startBridge(bridgeOptions(gateway.url))
  bridge.send(initializeRequest())
  bridge.child.stdin.end()
  await expectSoonGone(bridge)
})

it('is gone when the client that started it through a shell goes away', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const { args, env } = bridgeOptions(gateway.url)
  const words = [process.execPath, bridgeFile, ...args].map((word) => `'${word}'`).join(' ')
  await using bridge = watchBridge(spawn('sh', ['-c', `${words}; true`], { env }))
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  bridge.child.stdin.end()
  await expectSoonGone(bridge)
})

it('is gone when its input was over before it began', async () => {
  await using gateway = await openTestGateway(createLegacyServer().handler)
  const { args, env } = bridgeOptions(gateway.url)
  const child = spawn(process.execPath, [bridgeFile, ...args], { env, stdio: ['ignore', 'ignore', 'ignore'] })
  expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0)
})

it('answers the questions of a script that pipes them in and closes the pipe', async () => {
  await using gateway = await openTestGateway(createModernServer().handler)
  const file = join(mkdtempSync(join(tmpdir(), 'mcpgw-input-')), 'questions.jsonl')
  // The last line ends without a newline, as such files do.
  writeFileSync(
    file,
    `${JSON.stringify(initializeRequest())}\n${JSON.stringify(modernRequest(2, 'tools/list'))}`,
  )
  const { args, env } = bridgeOptions(gateway.url)
  const input = openSync(file, 'r')
  const child = spawn(process.execPath, [bridgeFile, ...args], { env, stdio: [input, 'pipe', 'inherit'] })
  closeSync(input)
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0)
  const answers = Buffer.concat(chunks).toString().trim().split('\n')
  expect(answers.map((line) => JSON.parse(line).id).sort()).toEqual([1, 2])
})
