import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FORWARDER_PORT } from '../../src/upstream/hosted/egress-forwarder.ts'
import { findContainment } from '../../src/upstream/hosted/sandbox.ts'
import { ControlPlane } from '../control-plane.ts'
import { WireClient } from './wire-client.ts'

const fixture = (name: string) => join(import.meta.dirname, '../servers', name)
const HOSTILE = { command: 'node', args: [fixture('hostile-stdio.ts')] }
const MEMORY_MIB = 256
const PROCESSES = 64
const MIB = 1024 * 1024
const NUL = '\u0000'

const found = await findContainment({
  nodePath: process.execPath,
  searchPath: process.env.PATH ?? '',
  dataDir: join(tmpdir(), 'no-such-data-folder'),
  hiddenFiles: [],
  egressSocket: '',
  limits: { maxMemoryBytes: MEMORY_MIB * MIB, maxProcesses: PROCESSES },
})
const { reason } = found.stateOf({ kind: 'hosted', command: '', args: [], env: {} })

let plane: ControlPlane
let client: WireClient

beforeAll(async () => {
  if (reason !== undefined) return
  plane = await ControlPlane.start({
    args: ['--hosted-memory-mib', String(MEMORY_MIB), '--hosted-processes', String(PROCESSES)],
    env: { CANARY: 'of-the-gateway' },
  })
  await plane.workspace('team')
  await Promise.all([
    plane.addServer('team', { name: 'hostile', ...HOSTILE }),
    plane.addServer('team', { name: 'other', ...HOSTILE }),
  ])
  client = await WireClient.open(`${plane.url}/ws/team`, await plane.token('team'))
}, 30_000)

afterAll(() => plane?.[Symbol.asyncDispose]())

async function run(script: string, server = 'hostile'): Promise<string> {
  return JSON.parse(await client.call(`${server}__run`, { script }))
}

async function evaluate(code: string, server = 'hostile'): Promise<unknown> {
  return JSON.parse(await client.call(`${server}__evaluate`, { code }))
}

/** What reading a path gives: its content, the names in it, or why not. */
function look(path: string, server = 'hostile'): Promise<unknown> {
  const code = `const fs = require('node:fs')
    const path = ${JSON.stringify(path)}
    try { return fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path, 'utf8') }
    catch (error) { return error.code }`
  return evaluate(code, server)
}

/** Asks for a URL as a program in the sandbox would that knows its proxy; gives the status, or why there is none. */
function fetchThrough(url: string, server = 'hostile'): Promise<string> {
  return run(
    `const http = require('node:http')
     http.get({ host: '127.0.0.1', port: ${FORWARDER_PORT}, path: ${JSON.stringify(url)}, headers: { host: 'x' } },
       (reply) => { console.log(reply.statusCode); process.exit() }).on('error', (error) => console.log(error.code))`,
    server,
  )
}

function connectTo(host: string, port: number, server = 'hostile'): Promise<string> {
  return run(
    `require('node:net').connect({ host: '${host}', port: ${port}, timeout: 3000 })
       .on('connect', () => { console.log('connected'); process.exit() })
       .on('timeout', () => { console.log('timeout'); process.exit() })
       .on('error', (error) => console.log(error.code))`,
    server,
  )
}

function folderOf(server: string): string {
  const folders = join(plane.dataDir, 'hosted')
  const id = readdirSync(folders).find((name) => ownMark(join(folders, name)) === server)
  return join(folders, id ?? '')
}

function ownMark(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'mark'), 'utf8')
  } catch {
    return undefined
  }
}

/** Serves on an address of the loopback that `--allow-upstream` allows and that no proxy setting spares. */
async function startWebsite() {
  const server = createServer((_request, response) => void response.end('a website'))
  await new Promise<void>((ready) => server.listen(0, '127.0.0.2', ready))
  // A TCP server has an address of this kind.
  return { url: `http://127.0.0.2:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const because = reason === undefined ? '' : ` (skipped: ${reason})`

describe.skipIf(reason !== undefined)(`a hosted server in its sandbox${because}`, () => {
  it('[V12] gets exactly the environment that is named, and the three standard streams', async () => {
    const given = { network: 'none', env: { GIVEN: 'a$PATH' } }
    await plane.addServer('team', { name: 'named', ...HOSTILE, ...given })
    const names = `return require('node:fs').readFileSync('/proc/self/environ', 'utf8').match(/(?<=^|\\0)\\w+/g).sort()`
    expect(await evaluate(names, 'named')).toEqual(['GIVEN', 'HOME', 'LANG', 'PATH', 'TMPDIR'])
    const files = { command: 'sh', args: ['-c', 'echo files $(ls /proc/self/fd) >&2; exit 1'] }
    const { error } = await plane.addServer('team', { name: 'files', ...files, ...given })
    // `ls` has one more than its parent: the folder it reads.
    expect(JSON.stringify(error)).toContain('files 0 1 2 3\\"')
    const seen = String(await look('/proc/self/environ'))
    expect(seen).not.toMatch(new RegExp(`of-the-gateway|MCPGW|${plane.ownerToken}`))
  })

  it('[V13] has a secret in no command line, and in no environment but its own', async () => {
    const secret = 'canary-5f1d0b77c2'
    await plane.api('POST', '/workspaces/team/servers', {
      name: 'keyed',
      ...HOSTILE,
      env: { KEY: '{{KEY}}' },
    })
    await plane.api('PUT', '/workspaces/team/servers/keyed/credential', { values: { KEY: secret } })
    expect(await plane.api('POST', '/workspaces/team/servers/keyed/check')).toMatchObject({ status: 'ready' })
    expect(await run('console.log(process.env.KEY.length)', 'keyed')).toBe(String(secret.length))
    expect(processesWith('cmdline', secret)).toEqual([])
    const ofOthers = `const fs = require('node:fs')
      return fs.readdirSync('/proc').filter(Number).map((pid) => {
        try { return fs.readFileSync('/proc/' + pid + '/environ', 'utf8') } catch { return '' } }).join()`
    expect(await evaluate(ofOthers)).not.toContain(secret)
    const holders = processesWith('environ', secret).map((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8'))
    expect(holders.filter((name) => name.startsWith('bwrap'))).toEqual([])
  })

  it("[M11] sees neither the vault, nor another server's folder, nor other processes", async () => {
    await evaluate("require('node:fs').writeFileSync('mark', 'other'); return 1", 'other')
    const otherFolder = folderOf('other')
    expect(await look(plane.dataDir)).toEqual(['hosted'])
    expect(await look(join(plane.dataDir, 'hosted'))).not.toContain(basename(otherFolder))
    for (const name of ['mcpgw.db', 'master.key', 'control.sock', `hosted/${basename(otherFolder)}/mark`]) {
      expect(readdirSync(join(plane.dataDir, name, '..'))).toContain(basename(name))
      expect([name, await look(join(plane.dataDir, name))]).toEqual([name, 'ENOENT'])
    }
    expect(['EACCES', '']).toContain(await look('/proc/1/environ'))
    expect(['ENOENT', 'EACCES']).toContain(await look('/root'))
    expect(['ENOENT', 'EACCES']).toContain(await look('/etc/shadow'))
    expect(await run(`try { process.kill(${plane.pid}, 0) } catch (error) { console.log(error.code) }`)).toBe(
      'ESRCH',
    )
  })

  it('[M11] reaches neither the gateway nor metadata, directly or through its proxy, and what is allowed it does', async () => {
    const website = await startWebsite()
    const port = Number(new URL(plane.url).port)
    try {
      expect(await connectTo('127.0.0.1', port)).toBe('ECONNREFUSED')
      expect(await connectTo('169.254.169.254', 80)).toBe('ENETUNREACH')
      expect(await fetchThrough(`${plane.url}/healthz`)).toBe('403')
      expect(await fetchThrough(`http://localhost:${port}/healthz`)).toBe('403')
      expect(await fetchThrough('http://169.254.169.254/latest/')).toBe('403')
      expect(await fetchThrough('http://10.0.0.1/')).toBe('403')
      expect(await tunnelTo(`127.0.0.1:${port}`)).toBe('403')
      expect(await tunnelTo('metadata.google.internal:80')).toBe('403')
      expect(await tunnelTo(website.url.slice('http://'.length))).toBe('200')
      expect(await run(`fetch('${website.url}').then((r) => r.text()).then(console.log)`)).toBe('a website')
    } finally {
      website.close()
    }
  })

  it('[M11] has the network its owner chose, which an admin cannot change', async () => {
    const website = await startWebsite()
    const admin = await plane.token('team', { role: 'admin' })
    const path = '/workspaces/team/servers/other'
    try {
      expect(await plane.tryApi('PATCH', path, { network: 'open' }, admin)).toMatchObject({ status: 403 })
      await plane.api('PATCH', path, { network: 'none' })
      expect(await plane.api('POST', `${path}/check`)).toMatchObject({
        sandbox: { kind: 'bwrap', network: 'none' },
      })
      expect(await fetchThrough(website.url, 'other')).toBe('ECONNREFUSED')
      await plane.api('PATCH', path, { network: 'open' })
      expect(await plane.api('POST', `${path}/check`)).toMatchObject({ sandbox: { network: 'open' } })
      expect(await run(`fetch('${website.url}').then((r) => r.text()).then(console.log)`, 'other')).toBe(
        'a website',
      )
    } finally {
      await plane.api('PATCH', path, { network: 'filtered' })
      website.close()
    }
  })

  it('[M11] fills no more than its share of memory that looks like a disk, and writes nowhere else', async () => {
    const fill = (path: string) =>
      run(`const fs = require('node:fs'); let mib = 0
        try { const file = fs.openSync('${path}', 'w'); while (mib < 500) { fs.writeSync(file, Buffer.alloc(1048576)); mib++ } }
        catch (error) { console.log(error.code, mib <= 64) } finally { try { fs.rmSync('${path}', { force: true }) } catch {} }`)
    expect(await fill('/tmp/full')).toBe('ENOSPC true')
    expect(await fill('/dev/shm/full')).toBe('ENOSPC true')
    for (const path of ['/full', '/dev/full-of-it', '/usr/full', fixture('full')])
      expect(['EROFS true', 'EACCES true']).toContain(await fill(path))
    // The folder of that name in the sandbox may be a part of its `/tmp`.
    await fill(join(plane.dataDir, 'full'))
    expect(readdirSync(plane.dataDir)).not.toContain('full')
  })

  it('[M11] cannot multiply without end, and leaves nothing running when it is removed', async () => {
    await plane.addServer('team', { name: 'bomb', ...HOSTILE })
    const bomb = `const { spawnSync } = require('node:child_process')
      const script = 'i=0; while [ $i -lt 2000 ]; do sleep 300 & i=$((i+1)); done'
      for (let n = 0; n < 3; n++) spawnSync('setsid', ['sh', '-c', "trap '' TERM HUP INT; " + script], { stdio: 'ignore' })
      return require('node:fs').readdirSync('/proc').filter(Number).length`
    expect(await evaluate(bomb, 'bomb')).toBeLessThanOrEqual(PROCESSES)
    const sleepers = () => processesWith('cmdline', `sleep${NUL}300${NUL}`)
    expect(sleepers().length).toBeGreaterThan(10)
    expect(await client.call('hostile__echo', { n: 1 })).toBe('{"n":1}')
    await plane.api('DELETE', '/workspaces/team/servers/bomb')
    await vi.waitFor(() => expect(sleepers()).toEqual([]), 10_000)
  })

  it('[M11] is ended when it uses more memory than it may, and the call hears why', async () => {
    await plane.addServer('team', { name: 'glutton', ...HOSTILE })
    // As a caller sees it while it runs, the server must answer late: what it eats is kept.
    const eat = `globalThis.kept = []; const until = Date.now() + 20000
      while (Date.now() < until) { kept.push(Buffer.alloc(16 * 1048576, 1)); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20) }`
    await expect(evaluate(eat, 'glutton')).rejects.toThrow(`more memory than the limit of ${MEMORY_MIB} MiB`)
    const { error } = await plane.api('GET', '/workspaces/team/servers/glutton')
    expect(error === undefined || JSON.stringify(error).includes('memory')).toBe(true)
    expect(await client.call('hostile__echo', { n: 1 })).toBe('{"n":1}')
    await plane.api('DELETE', '/workspaces/team/servers/glutton')
  })
})

/** Programs whose command line or environment, as the host sees it, holds a text. */
function processesWith(file: 'cmdline' | 'environ', text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && contentOf(`/proc/${pid}/${file}`).includes(text))
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // It has ended meanwhile.
  }
}

/** Asks the proxy for a tunnel; gives the status. */
function tunnelTo(target: string): Promise<string> {
  return run(
    `require('node:http').request({ host: '127.0.0.1', port: ${FORWARDER_PORT}, method: 'CONNECT', path: '${target}' })
       .on('connect', (reply) => { console.log(reply.statusCode); process.exit() })
       .on('error', (error) => console.log(error.code)).end()`,
  )
}
