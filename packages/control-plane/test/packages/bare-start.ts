import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LiveEntry } from '../../src/live-check.ts'
import { packageBin } from '../../src/upstream/hosted/package-bin.ts'

const TIMEOUT_MS = 60_000
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bare', version: '1' } },
}
const AFTER = [
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 2, method: 'tools/list' },
]

/**
 * The milliseconds from starting an installed package to its list of tools with nothing of the product between; Infinity
 * where it gives none. It sees the machine, may write nowhere but in a home of its own, and has no network.
 */
export async function bareStart(
  { package: ref, args, env }: LiveEntry,
  packageFolder: string,
): Promise<number> {
  const bin = packageBin(packageFolder, ref.identifier, args)
  const home = mkdtempSync(join(tmpdir(), 'bare-home-'))
  const command = bin.command === 'node' ? process.execPath : bin.command
  const began = performance.now()
  const child = spawn('bwrap', [...aroundIt(home), command, ...bin.before, ...bin.args], {
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  child.stdin.on('error', () => {})
  const gone = once(child, 'exit')
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), TIMEOUT_MS)
  const took = await listed(child.stdout, (message) => child.stdin.write(`${JSON.stringify(message)}\n`))
  const elapsed = performance.now() - began
  clearTimeout(timer)
  child.kill('SIGKILL')
  await gone
  rmSync(home, { recursive: true, force: true })
  return took ? elapsed : Number.POSITIVE_INFINITY
}

function aroundIt(home: string): string[] {
  const view = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', home, home]
  return [...view, '--unshare-net', '--unshare-pid', '--die-with-parent', '--chdir', home, '--']
}

async function listed(output: NodeJS.ReadableStream, send: (message: object) => void): Promise<boolean> {
  send(INITIALIZE)
  for await (const line of createInterface({ input: output })) {
    if (!line.startsWith('{')) continue
    const { id, result } = readMessage(line)
    if (id === 1) for (const message of AFTER) send(message)
    if (id === 2) return result !== undefined
  }
  return false
}

function readMessage(line: string): { id?: unknown; result?: unknown } {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}
