import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type BridgeProcess,
  bridgeFile,
  bridgeOptions,
  initializeRequest,
  watchBridge,
} from './support/bridge-process.ts'
import { isFull } from './support/full-counts.ts'
import { createJsonServer, sendJson } from './support/json-server.ts'
import { openTestGateway } from './support/test-gateway.ts'

const lives = isFull ? 100 : 20
const atOnce = 3
const limitMs = 2_000

/** A gateway with a stream for everyone and calls that are never answered. */
function openBusyGateway() {
  const server = createJsonServer((message, response) => {
    if (message.method === 'ping') sendJson(response, 200, { jsonrpc: '2.0', id: message.id, result: {} })
  })
  return openTestGateway((request, response, body) => {
    response.setHeader('mcp-session-id', 's')
    if (request.method !== 'GET') return server(request, response, body)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n')
  })
}

/** A bridge in the middle of its work, as a grandchild of the test where `command` puts a parent between. */
async function busyBridge(command: readonly string[], env: Record<string, string>): Promise<BridgeProcess> {
  const [program = '', ...args] = command
  const bridge = watchBridge(spawn(program, args, { env }))
  bridge.send(initializeRequest())
  await bridge.answerTo(1)
  bridge.send({ jsonrpc: '2.0', method: 'notifications/initialized' })
  bridge.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'wait' } })
  bridge.send({ jsonrpc: '2.0', id: 3, method: 'ping' })
  await bridge.answerTo(3)
  return bridge
}

/** The programs that still have this text on their command line. */
function stillRunning(text: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLineOf(pid).includes(text))
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Everything that held the bridge's stdout is gone when it closes, be it the child or the child's child. */
async function endAll(options: {
  count: number
  command: readonly string[]
  env: Record<string, string>
  end: (bridge: BridgeProcess) => void
}): Promise<number[]> {
  const tookMs: number[] = []
  async function live(): Promise<void> {
    while (tookMs.length + running < options.count) {
      running += 1
      const bridge = await busyBridge(options.command, options.env)
      const closed = once(bridge.child.stdout, 'close')
      const startedAt = performance.now()
      options.end(bridge)
      await closed
      running -= 1
      tookMs.push(performance.now() - startedAt)
      bridge.child.stdin.destroy()
      for (const line of bridge.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
    }
  }
  let running = 0
  await Promise.all(Array.from({ length: Math.min(atOnce, options.count) }, live))
  return tookMs
}

const direct = (args: readonly string[]) => [process.execPath, bridgeFile, ...args]
// The shell waits for the bridge and does not hand its place over to it, as the shell below npx does.
const throughShell = (args: readonly string[]) => ['sh', '-c', '"$@"; exit $?', 'sh', ...direct(args)]

const ways: [string, (args: readonly string[]) => string[], (bridge: BridgeProcess) => void][] = [
  ['its input ends', direct, (bridge) => bridge.child.stdin.end()],
  ['it is told to end', direct, (bridge) => bridge.child.kill('SIGTERM')],
  ['its parent is killed and its input stays open', throughShell, (bridge) => bridge.child.kill('SIGKILL')],
]

const isLinux = existsSync('/proc/self/cmdline')

// Skipped without /proc, by which the test sees what is left.
it.skipIf(!isLinux).each(ways)(
  `is gone within two seconds ${lives} times out of ${lives} when %s`,
  { timeout: 60_000 },
  async (_, through, end) => {
    await using gateway = await openBusyGateway()
    const { args, env } = bridgeOptions(gateway.url)
    const tookMs = await endAll({ count: lives, command: through(args), env, end })
    expect(tookMs).toHaveLength(lives)
    expect(Math.max(...tookMs)).toBeLessThan(limitMs)
    expect(stillRunning(gateway.url)).toEqual([])
  },
)

const npx = spawnSync('npx', ['--version']).status === 0

// Skipped without npx, and where there is no /proc to look for what is left.
it.skipIf(!isLinux || !npx).each<[string, (bridge: BridgeProcess) => void]>([
  ['its input ends', (bridge) => bridge.child.stdin.end()],
  ['npx is told to end', (bridge) => bridge.child.kill('SIGTERM')],
  [
    'npx is killed and its input ends',
    (bridge) => {
      bridge.child.kill('SIGKILL')
      bridge.child.stdin.end()
    },
  ],
])('is gone within two seconds below npx and its shell when %s', { timeout: 60_000 }, async (_, end) => {
  await using gateway = await openBusyGateway()
  const { args, env } = bridgeOptions(gateway.url)
  const folder = mkdtempSync(join(env.MCPGW_CONFIG_DIR ?? '', 'package-'))
  writeFileSync(
    join(folder, 'package.json'),
    '{"name":"mcpgw","version":"0.0.0","bin":{"mcpgw":"dist/mcpgw.js"}}',
  )
  symlinkSync(dirname(bridgeFile), join(folder, 'dist'))
  const command = ['npx', '-y', '--offline', folder, ...args]
  const npmEnv = {
    ...env,
    HOME: folder,
    npm_config_cache: join(folder, 'cache'),
    npm_config_loglevel: 'silent',
  }
  const tookMs = await endAll({ count: 3, command, env: npmEnv, end })
  expect(Math.max(...tookMs)).toBeLessThan(limitMs)
  await expect.poll(() => stillRunning(gateway.url)).toEqual([])
})
