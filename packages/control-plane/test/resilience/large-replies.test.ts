import { spawn } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { growthWhile } from './memory.ts'
import { answerText, type Call, type SmallUpstream, startSmall } from './small-upstream.ts'
import { WireClient } from './wire-client.ts'

const MIB = 1024 * 1024
const HUGE = 100 * MIB

let plane: ControlPlane
let upstream: SmallUpstream
let client: WireClient
let answer: (call: Call) => void = () => {}

beforeAll(async () => {
  upstream = await startSmall(['huge'], (call) => answer(call))
  plane = await ControlPlane.start()
  const team = await plane.workspace('team')
  await plane.addServer('team', { name: 'up', url: upstream.url })
  client = await WireClient.open(team.url, team.token)
}, 30_000)

afterAll(async () => {
  await plane[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

interface Sent {
  bytes: number
}

/** Writes as much as is taken, until the end or until nobody listens any more. */
function pour(call: Call, contentType: string, begin: string, sent: Sent): void {
  const chunk = Buffer.alloc(65_536, 'x')
  call.response.writeHead(200, { 'content-type': contentType })
  call.response.write(begin)
  const write = () => {
    while (sent.bytes < HUGE && !call.response.destroyed) {
      sent.bytes += chunk.length
      if (!call.response.write(chunk)) return void call.response.once('drain', write)
    }
    call.response.end()
  }
  write()
}

const callHuge = () => client.call('up__huge').catch((error: Error) => error.message)

describe('[R15] a result of 100 MB', () => {
  it.each([
    ['as JSON', 'application/json', '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"'],
    ['as an event', 'text/event-stream', 'data: {"jsonrpc":"2.0","id":1,"result":{"a":"'],
  ])('is cut at 16 MiB with a clear error, three at a time: %s', async (_what, type, begin) => {
    const sent = Array.from({ length: 3 }, () => ({ bytes: 0 }))
    let next = 0
    answer = (call) => pour(call, type, begin, sent[next++] ?? { bytes: 0 })
    const growth = await growthWhile(plane.pid, async () => {
      for (const text of await Promise.all([callHuge(), callHuge(), callHuge()]))
        expect(text).toMatch(
          /"up": The server's answer is larger than 16777216 bytes\. .*--limit reply-bytes=NUMBER/,
        )
    })
    if (process.env.MCPGW_TEST_FIGURES)
      process.stdout.write(`100 MB ${type}: +${Math.round(growth / MIB)} MiB\n`)
    for (const { bytes } of sent) expect(bytes).toBeLessThan(32 * MIB)
    expect(growth).toBeLessThan(3 * 64 * MIB)
    answer = (call) => answerText(call, 'fine')
    expect(await callHuge()).toBe('fine')
  })
})

describe('[M21] an answer that is compressed', () => {
  /** 10 GB of zeros, compressed twice: some 40 kB. */
  const bomb = gzipSync(gzipSync(Buffer.alloc(10 * MIB)))

  it.each([
    ['gzip', 'gzip'],
    ['a hundred encodings', Array(100).fill('gzip').join(', ')],
    ['one that nobody knows', 'x-bomb'],
    ['br', 'BR'],
  ])('is refused unread, whatever it may hold: %s', async (_what, encoding) => {
    let written = 0
    answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
      const write = () => {
        while (written < 10 * MIB && !response.destroyed) {
          written += bomb.length
          if (!response.write(bomb)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    }
    const growth = await growthWhile(plane.pid, async () => {
      expect(await callHuge()).toMatch(
        /The server's answer is compressed, which it was not asked to do, and is not read/,
      )
    })
    expect(growth).toBeLessThan(64 * MIB)
    answer = (call) => {
      expect(call.request.headers['accept-encoding']).toBe('identity')
      answerText(call, 'fine')
    }
    expect(await callHuge()).toBe('fine')
  })
})

describe('[R36] a control plane that may open 256 files', () => {
  it('turns connections away and says why, works on for those it has, and takes all again later', async () => {
    await using small = await ControlPlane.start({ launcher: ['prlimit', '--nofile=256:256'] })
    const team = await small.workspace('team')
    answer = (call) => answerText(call, 'fine')
    await small.addServer('team', { name: 'up', url: upstream.url })
    const one = await WireClient.open(team.url, team.token)
    const { hostname, port } = new URL(small.url)
    // Another process, or the files would be ours.
    const flood = `const n = require('node:net'); for (let i = 0; i < 600; i++) n.connect(${port}, '${hostname}').on('error', () => {}); process.stdout.write('open'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['-e', flood], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((opened) => child.stdout.once('data', opened))
    const saidWhy = async () => {
      while (!small.stderr.includes('Connections are turned away')) await one.call('up__huge').catch(() => '')
    }
    await saidWhy()
    for (let count = 0; count < 20; count++) expect(await one.call('up__huge')).toBe('fine')
    const gone = new Promise((exit) => child.once('exit', exit))
    child.kill()
    await gone
    const others = Array.from({ length: 20 }, () => WireClient.open(team.url, team.token))
    for (const other of await Promise.all(others)) expect(await other.call('up__huge')).toBe('fine')
    expect(small.process.exitCode).toBe(null)
  })
})
