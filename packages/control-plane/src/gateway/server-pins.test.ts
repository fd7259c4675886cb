import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRecorder } from '../audit/recorder.ts'
import type { Server } from '../model/server.ts'
import type { PinStore } from '../model/stores.ts'
import { openStorage } from '../storage/open-storage.ts'
import { EMPTY_LISTING, type Listing } from '../upstream/listing.ts'
import { ServerPins } from './server-pins.ts'

const SERVER: Server = {
  id: 's',
  workspaceId: 'w',
  name: 'git',
  target: { kind: 'remote', url: 'https://mcp.example/mcp', transport: 'auto', headers: {} },
  enabled: true,
  prefix: 'always',
  tools: {},
  isolation: 'shared',
  pin: 'enforce',
  timeoutMs: 60_000,
  createdAt: 0,
  updatedAt: 0,
}

/** The pins of one server over a real database; time stands where the test puts it. */
async function openPins() {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-pins-'))
  const time = { now: 1_000 }
  const storage = await openStorage({ url: `sqlite:${join(folder, 'a.db')}`, clock: { now: () => time.now } })
  await storage.workspaces.create({ id: 'w', slug: 'w', name: 'W', createdAt: 0 })
  await storage.servers.create(SERVER)
  const recorder = createRecorder({ store: storage.audit })
  let recording = Promise.resolve()
  const heard = Promise.withResolvers<void>()
  const start = () => {
    const store: PinStore = {
      ...storage.pins,
      recordFirst: async (...given) => {
        await recording
        return storage.pins.recordFirst(...given)
      },
    }
    const keeping = { store, recorder, now: () => time.now, newId: () => 'id' }
    const pins = new ServerPins(SERVER, keeping, () => heard.resolve())
    void pins.configure(SERVER, undefined)
    return pins
  }
  return {
    storage,
    time,
    start,
    pins: start(),
    /** Gives what lets it go on. */
    pauseRecording() {
      const { promise, resolve } = Promise.withResolvers<void>()
      recording = promise
      return resolve
    },
    /** Resolves when what is held back has changed by itself. */
    changed: () => heard.promise,
    rows: async () => {
      await recorder.record({ ...ROW, time: time.now })
      return (await storage.audit.read('w', 0, 1_000)).filter(({ method }) => method === 'tool.changed')
    },
    async [Symbol.asyncDispose]() {
      await recorder[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true })
    },
  }
}

const ROW = {
  kind: 'management' as const,
  workspaceId: 'w',
  tokenId: 't',
  member: 'm',
  role: 'owner' as const,
  method: 'probe',
  outcome: 'ok' as const,
  latencyMs: 0,
  bytesIn: 0,
  bytesOut: 0,
  requestId: 'r',
}

const listing = (description: string): Listing => ({
  ...EMPTY_LISTING,
  tools: [{ name: 'a', description, inputSchema: {} }],
})

describe('the pins of a server', () => {
  it('hold back the variant that some callers are listed, and no other, without going back and forth', async () => {
    await using opened = await openPins()
    const { pins, storage } = opened
    const [plain, special] = [listing('plain'), listing('with roots')]
    await pins.admit(plain, '')
    await pins.admit(special, 'roots')
    expect([pins.heldBack(plain), pins.heldBack(special)]).toEqual([new Set(), new Set(['a'])])
    for (let times = 0; times < 5; times++) {
      await pins.admit(listing('plain'), '')
      await pins.admit(listing('with roots'), 'roots')
    }
    expect(await opened.rows()).toHaveLength(1)
    expect(pins.counts()).toEqual({ changedTools: 1, heldBack: 1 })

    const { changed } = await storage.pins.ofServer('s')
    expect(changed).toHaveLength(1)
    await storage.pins.approve(SERVER, changed, 'ada', 2)
    await pins.configure(SERVER, await storage.pins.ofWorkspace('w'))
    // Both are good from now on: which one is listed depends on who asks.
    expect([pins.heldBack(plain), pins.heldBack(special)]).toEqual([new Set(), new Set()])
  })

  it('hold back what they were not told of', async () => {
    await using opened = await openPins()
    await opened.pins.admit(listing('known'), '')
    expect(opened.pins.heldBack(listing('known'))).toEqual(new Set(['a']))
  })

  it('take the order of members and other spellings of a number for the same', async () => {
    await using opened = await openPins()
    const { pins } = opened
    await pins.admit(
      { ...EMPTY_LISTING, tools: [{ name: 'a', inputSchema: { x: 1, y: { b: 1, a: 2 } } }] },
      '',
    )
    const turned = { ...EMPTY_LISTING, tools: [{ inputSchema: { y: { a: 2, b: 1 }, x: 1 }, name: 'a' }] }
    await pins.admit(turned, '')
    expect(pins.heldBack(turned)).toEqual(new Set())
  })

  it('know after a restart what was approved, what waits, and what the log knows already', async () => {
    await using opened = await openPins()
    await opened.pins.admit(listing('first'), '')
    await opened.pins.admit(listing('second'), '')
    const later = opened.start()
    const again = listing('second')
    await later.admit(again, '')
    expect(later.heldBack(again)).toEqual(new Set(['a']))
    expect(await opened.rows()).toHaveLength(1)
  })

  it('do not fill the log for a server that never stops changing a tool', async () => {
    await using opened = await openPins()
    const { pins, time } = opened
    await pins.admit(listing('first'), '')
    for (let version = 0; version < 100; version++) await pins.admit(listing(`version ${version}`), '')
    expect(await opened.rows()).toHaveLength(1)
    time.now += 10 * 60_000
    await pins.admit(listing('an hour later'), '')
    expect(await opened.rows()).toHaveLength(2)
  })

  it('log the next change of a tool that was approved, however soon', async () => {
    await using opened = await openPins()
    const { pins, storage } = opened
    await pins.admit(listing('first'), '')
    await pins.admit(listing('second'), '')
    await storage.pins.approve(SERVER, (await storage.pins.ofServer('s')).changed, 'ada', 2)
    await pins.configure(SERVER, await storage.pins.ofWorkspace('w'))
    await pins.admit(listing('third'), '')
    expect(await opened.rows()).toHaveLength(2)
  })

  it('show what is approved although the server became strict while they looked', async () => {
    await using opened = await openPins()
    const { pins, storage } = opened
    await pins.configure({ ...SERVER, pin: 'warn' }, await storage.pins.ofWorkspace('w'))
    const again = listing('new')
    const recordFirst = opened.pauseRecording()
    await pins.admit(again, '')
    await pins.configure(SERVER, await storage.pins.ofWorkspace('w'))
    expect(pins.heldBack(again)).toEqual(new Set(['a']))
    recordFirst()
    await opened.changed()
    expect(pins.heldBack(again)).toEqual(new Set())
  })
})
