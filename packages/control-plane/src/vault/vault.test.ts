import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Change, ChangeBus } from '../model/change.ts'
import type { CredentialRecord, OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { HostedTarget, PackageRef, RemoteTarget } from '../model/server.ts'
import type { CredentialStore, KeyStore } from '../model/stores.ts'
import { openVault, type Vault, type VaultOptions } from './vault.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) })
})
afterEach(() => {
  vi.useRealTimers()
})

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const clock = { now: () => Date.now() }
const target: RemoteTarget = {
  kind: 'remote',
  url: 'https://tickets.example.com/mcp',
  transport: 'auto',
  headers: { authorization: 'Bearer {{TOKEN}}' },
}
const owner = (id: string, workspaceId: string) => ({ id, workspaceId, target })
const server = owner('s1', 'w1')
const CANARY = 'cnry_Zq7pW2xK9vT4mB8nR1sY6dF3gH5jL0aC2eU4iO6k'

function conflict(): GatewayError {
  return new GatewayError('conflict', 'It exists already.')
}

function createBus() {
  const listeners = new Set<(change: Change) => void>()
  const gapListeners = new Set<() => void>()
  return {
    publish: (change: Change) => {
      for (const listener of listeners) listener(change)
    },
    subscribe: (listener: (change: Change) => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onDoubt: () => () => undefined,
    onGap: (listener: () => void) => {
      gapListeners.add(listener)
      return () => void gapListeners.delete(listener)
    },
    gap: () => {
      for (const listener of gapListeners) listener()
    },
  } satisfies ChangeBus & Record<string, unknown>
}

/** What is kept, in memory, with the promises of the real stores; `stopAfter` ends the process after so many writes. */
function createWorld() {
  const bus = createBus()
  const wrapped = new Map<string, Uint8Array>()
  const records = new Map<string, CredentialRecord>()
  const counts = { reads: 0, writes: 0 }
  const gate: {
    beforeAnswer?: () => Promise<void>
    beforePut?: () => void
    beforeAdd?: () => Promise<void>
    beforeReplace?: () => void
    adding?: number
    stopAfter?: number
  } = {}

  function write(): void {
    if (gate.stopAfter === counts.writes) throw new Error('killed')
    counts.writes += 1
  }

  const keys: KeyStore = {
    get: async (name) => wrapped.get(name),
    add: async (name, record) => {
      gate.adding = (gate.adding ?? 0) + 1
      await gate.beforeAdd?.()
      if (wrapped.has(name)) throw conflict()
      write()
      wrapped.set(name, record)
    },
    replace: async (name, record) => {
      gate.beforeReplace?.()
      if (!wrapped.has(name)) throw new GatewayError('not_found', 'It does not exist any more.')
      write()
      wrapped.set(name, record)
    },
    names: async () => [...wrapped.keys()],
  }

  const credentials: CredentialStore = {
    put: async (record) => {
      gate.beforePut?.()
      if (record.version !== (records.get(record.serverId)?.version ?? 0) + 1) throw conflict()
      write()
      records.set(record.serverId, record)
      bus.publish({ kind: 'credential', id: record.serverId, workspaceId: record.workspaceId })
    },
    byServer: async (serverId) => {
      counts.reads += 1
      const found = records.get(serverId)
      await gate.beforeAnswer?.()
      return found
    },
    all: async () => [...records.values()],
    remove: async (serverId) => {
      records.delete(serverId)
      bus.publish({ kind: 'credential', id: serverId })
    },
  }

  const masterKey = new Uint8Array(randomBytes(32))
  const open = (options: Partial<VaultOptions> = {}): Promise<Vault> =>
    openVault({ masterKey, keys, credentials, bus, clock, random, ...options })
  return { bus, wrapped, records, counts, gate, keys, credentials, masterKey, open }
}

function valuesOf(credential: OpenCredential | undefined): Record<string, string> {
  return Object.fromEntries(credential?.values ?? [])
}

describe('keeping credentials', () => {
  it('gives back exactly what was put, also after a restart', async () => {
    const { open } = createWorld()
    const values = { TOKEN: CANARY, KEY: '-----BEGIN KEY-----\nabc\r\n"\\\u00e4\u{1f511}\n', ONE: 'x' }
    const vault = await open()
    expect(await vault.put(server, values)).toEqual({
      names: ['TOKEN', 'KEY', 'ONE'],
      login: 'none',
      tooShort: ['ONE'],
      version: 1,
      updatedAt: Date.now(),
    })
    expect(valuesOf(await vault.credentialFor(server))).toEqual(values)
    const restarted = await open()
    expect(valuesOf(await restarted.credentialFor(server))).toEqual(values)
  })

  it('keeps nothing readable', async () => {
    const { open, records, wrapped } = createWorld()
    const vault = await open()
    await vault.put(server, { TOKEN: CANARY })
    const kept = inspect([...records.values(), ...wrapped], { depth: 9, maxArrayLength: null })
    const bytes = [...records.values()].map((record) => Buffer.from(record.sealed).toString('latin1')).join()
    for (const form of [CANARY, Buffer.from(CANARY).toString('base64').slice(0, 20)]) {
      expect(kept + bytes).not.toContain(form)
    }
  })

  it('tells people names, version and date, never a value', async () => {
    const { open } = createWorld()
    const vault = await open()
    expect(await vault.describe(server)).toBeUndefined()
    await vault.put(server, { TOKEN: CANARY })
    await vault.put(server, { TOKEN: `${CANARY}2`, USER: 'ada' })
    expect(await vault.describe(server)).toEqual({
      names: ['TOKEN', 'USER'],
      login: 'none',
      version: 2,
      updatedAt: Date.now(),
    })
  })

  it('gives undefined for a server without a credential, and after removal', async () => {
    const { open } = createWorld()
    const vault = await open()
    expect(await vault.credentialFor(server)).toBeUndefined()
    await vault.put(server, { TOKEN: CANARY })
    await vault.remove(server)
    expect(await vault.credentialFor(server)).toBeUndefined()
    expect(await vault.describe(server)).toBeUndefined()
  })

  it('keeps both when two people change it at once, in some order', async () => {
    const { open, records } = createWorld()
    const vault = await open()
    await Promise.all(['one', 'two', 'three'].map((value) => vault.put(server, { TOKEN: value })))
    expect(records.get('s1')?.version).toBe(3)
  })

  it('stops trying when the version never fits', async () => {
    const { open, gate } = createWorld()
    const vault = await open()
    gate.beforePut = () => {
      throw conflict()
    }
    await expect(vault.put(server, { TOKEN: CANARY })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('makes one data key for a workspace when two processes need it first', async () => {
    const { open, wrapped } = createWorld()
    const [one, other] = [await open(), await open()]
    await Promise.all([
      one.put(owner('a', 'w1'), { TOKEN: 'one' }),
      other.put(owner('b', 'w1'), { TOKEN: 'two' }),
    ])
    expect([...wrapped.keys()].sort()).toEqual(['sealing', 'sentinel', 'workspace:w1'])
    expect(valuesOf(await other.credentialFor(owner('a', 'w1')))).toEqual({ TOKEN: 'one' })
    expect(valuesOf(await one.credentialFor(owner('b', 'w1')))).toEqual({ TOKEN: 'two' })
  })

  const refused: [string, Record<string, string>][] = [
    ['no value', {}],
    ['an empty value', { TOKEN: '' }],
    ['a name with a space', { 'MY TOKEN': 'x' }],
    ['a name that begins with a digit', { '1TOKEN': 'x' }],
    ['a name that is too long', { ['T'.repeat(65)]: 'x' }],
    ['a value over 16 KiB', { TOKEN: 'x'.repeat(16 * 1024 + 1) }],
    ['a value over 16 KiB in UTF-8', { TOKEN: '\u00e4'.repeat(8 * 1024 + 1) }],
    ['a NUL', { TOKEN: 'a\0b' }],
    ['half a character', { TOKEN: 'a\ud800' }],
    ['33 values', Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`N${index}`, 'x']))],
  ]
  for (const [what, values] of refused) {
    it(`refuses ${what}`, async () => {
      const { open, records } = createWorld()
      const vault = await open()
      await expect(vault.put(server, values)).rejects.toMatchObject({ code: 'invalid_request' })
      expect(records.size).toBe(0)
    })
  }

  it('accepts the largest allowed credential', async () => {
    const { open } = createWorld()
    const vault = await open()
    const values = Object.fromEntries(
      Array.from({ length: 32 }, (_, index) => [`N${index}`.padEnd(64, '_'), 'x'.repeat(16 * 1024)]),
    )
    await vault.put(server, values)
    expect(valuesOf(await vault.credentialFor(server))).toEqual(values)
  })

  it('takes a value named like a property of every object', async () => {
    const { open } = createWorld()
    const vault = await open()
    const values = JSON.parse('{"__proto__":"first value","constructor":"second value"}') as Record<
      string,
      string
    >
    await vault.put(server, values)
    const credential = await vault.credentialFor(server)
    expect(credential?.values.get('__proto__')).toBe('first value')
    expect(credential?.values.get('constructor')).toBe('second value')
  })
})

describe('a credential moved or damaged', () => {
  async function sealed() {
    const world = createWorld()
    const vault = await world.open()
    await vault.put(server, { TOKEN: CANARY })
    await vault.put(owner('s2', 'w1'), { TOKEN: 'another of the same workspace' })
    await vault.put(owner('s3', 'w2'), { TOKEN: 'another of another workspace' })
    await vault.put(server, { TOKEN: `${CANARY}, the second` })
    return { ...world, vault: await world.open() }
  }

  const changes: [
    string,
    (records: Map<string, CredentialRecord>, own: CredentialRecord) => CredentialRecord,
  ][] = [
    ['from another server', (records, own) => ({ ...own, sealed: records.get('s2')?.sealed ?? own.sealed })],
    [
      'from another workspace',
      (records, own) => ({ ...own, sealed: records.get('s3')?.sealed ?? own.sealed }),
    ],
    ['under another version', (_, own) => ({ ...own, version: 7 })],
    ['emptied', (_, own) => ({ ...own, sealed: new Uint8Array() })],
    [
      'with one bit changed',
      (_, own) => ({ ...own, sealed: own.sealed.map((byte, at) => (at === 30 ? byte ^ 1 : byte)) }),
    ],
  ]
  for (const [what, change] of changes) {
    it(`does not open ${what}`, async () => {
      const { records, vault } = await sealed()
      const own = records.get('s1')
      if (own === undefined) throw new Error('nothing was kept')
      records.set('s1', change(records, own))
      await expect(vault.credentialFor(server)).rejects.toMatchObject({
        code: 'credential_unreadable',
        fix: 'Set the credential again.',
      })
      expect(vault.peek('s1')).toBe('unknown')
    })
  }

  it.each<[string, Partial<RemoteTarget>, boolean]>([
    ['at another address', { url: 'https://elsewhere.example.com/mcp' }, false],
    ['at another path', { url: 'https://tickets.example.com/echo' }, false],
    ['with another header beside', { headers: { ...target.headers, 'x-team': 'a' } }, true],
    ['with its transport known', { transport: 'sse' }, true],
  ])('[V2] opens for its server %s: %o, %s', async (_, change, opens) => {
    const { vault } = await sealed()
    const opened = vault.credentialFor({ ...server, target: { ...target, ...change } })
    if (opens) return expect(await opened).toBeDefined()
    await expect(opened).rejects.toMatchObject({ code: 'credential_unreadable' })
  })

  it('[V2] opens for a hosted server whatever its network is, and not for another command', async () => {
    const { vault, open } = await sealed()
    const hosted: HostedTarget = {
      kind: 'hosted',
      command: 'node',
      args: ['a.js'],
      env: { KEY: '{{TOKEN}}' },
    }
    const at = (change: Partial<HostedTarget>) => ({ ...owner('s9', 'w1'), target: { ...hosted, ...change } })
    await vault.put(at({}), { TOKEN: 'of the hosted server' })
    expect(await vault.credentialFor(at({ network: 'open' }))).toBeDefined()
    for (const change of [{ command: 'sh' }, { args: ['b.js'] }, { env: { KEY: '{{TOKEN}}', X: '1' } }]) {
      const restarted = await open()
      await expect(restarted.credentialFor(at(change))).rejects.toMatchObject({
        code: 'credential_unreadable',
      })
    }
  })

  it('[V2] opens for another version of the package it was given for, and for no other package', async () => {
    const { vault, open } = await sealed()
    const base: HostedTarget = { kind: 'hosted', command: 'npx', args: [], env: { KEY: '{{TOKEN}}' } }
    const from = (ref: Partial<PackageRef>) => ({
      ...owner('s9', 'w1'),
      target: {
        ...base,
        package: { registryType: 'npm' as const, identifier: 'good', version: '1.0.0', ...ref },
      },
    })
    await vault.put(from({}), { TOKEN: 'of the package' })
    expect(await (await open()).credentialFor(from({ version: '1.0.1' }))).toBeDefined()
    for (const changed of [
      from({ identifier: 'evil' }),
      from({ registryType: 'pypi' }),
      { ...from({}), target: base },
    ]) {
      await expect((await open()).credentialFor(changed)).rejects.toMatchObject({
        code: 'credential_unreadable',
      })
    }
  })

  it('does not open for a server that claims another workspace', async () => {
    const { vault } = await sealed()
    await expect(vault.credentialFor(owner('s1', 'w2'))).rejects.toMatchObject({
      code: 'credential_unreadable',
    })
    expect(await vault.credentialFor(server)).toBeDefined()
    await expect(vault.credentialFor(owner('s1', 'w2'))).rejects.toThrow()
  })

  it('does not open with another workspace’s data key in place of its own', async () => {
    const { wrapped, vault } = await sealed()
    wrapped.set('workspace:w1', wrapped.get('workspace:w2') ?? new Uint8Array())
    await expect(vault.credentialFor(server)).rejects.toMatchObject({ code: 'credential_unreadable' })
  })

  it('does not open when its workspace’s data key is gone, and no new key takes its place', async () => {
    const { wrapped, vault } = await sealed()
    wrapped.delete('workspace:w1')
    await expect(vault.credentialFor(server)).rejects.toMatchObject({ code: 'credential_unreadable' })
    expect(wrapped.has('workspace:w1')).toBe(false)
  })
})

describe('opened credentials', () => {
  it('are read once for many calls, and known at once afterwards', async () => {
    const { open, counts } = createWorld()
    const vault = await open()
    await vault.put(server, { TOKEN: CANARY })
    counts.reads = 0
    expect(vault.peek('s1')).toBe('unknown')
    const all = await Promise.all(Array.from({ length: 50 }, () => vault.credentialFor(server)))
    expect(new Set(all).size).toBe(1)
    expect(counts.reads).toBe(1)
    expect(vault.peek('s1')).toBe(all[0])
    expect(all[0]?.scrubber.text(`Bearer ${CANARY}`)).toBe('Bearer [redacted:TOKEN]')
  })

  it('also remember that there is none', async () => {
    const { open } = createWorld()
    const vault = await open()
    await vault.credentialFor(server)
    expect(vault.peek('s1')).toBeUndefined()
  })

  it('are forgotten after 30 seconds', async () => {
    const { open } = createWorld()
    const vault = await open()
    await vault.put(server, { TOKEN: CANARY })
    await vault.credentialFor(server)
    vi.advanceTimersByTime(29_999)
    expect(vault.peek('s1')).not.toBe('unknown')
    vi.advanceTimersByTime(1)
    expect(vault.peek('s1')).toBe('unknown')
  })

  it('are not kept longer because a timer is late or the clock was set back', async () => {
    const { open } = createWorld()
    const vault = await open()
    for (const stepMs of [30_000, -1]) {
      await vault.credentialFor(server)
      expect(vault.peek('s1')).not.toBe('unknown')
      vi.setSystemTime(Date.now() + stepMs)
      expect(vault.peek('s1')).toBe('unknown')
    }
  })

  it('change with the next call after a rotation', async () => {
    const { open } = createWorld()
    const vault = await open()
    for (let version = 1; version <= 20; version += 1) {
      await vault.put(server, { TOKEN: `value number ${version}` })
      expect(valuesOf(await vault.credentialFor(server))).toEqual({ TOKEN: `value number ${version}` })
    }
  })

  it('do not keep what was read before a change', async () => {
    const { open, gate } = createWorld()
    const vault = await open()
    await vault.put(server, { TOKEN: 'the old value' })
    const held = Promise.withResolvers<void>()
    gate.beforeAnswer = () => held.promise
    const early = vault.credentialFor(server)
    delete gate.beforeAnswer
    await vault.put(server, { TOKEN: 'the new value' })
    expect(valuesOf(await vault.credentialFor(server))).toEqual({ TOKEN: 'the new value' })
    held.resolve()
    expect(valuesOf(await early)).toEqual({ TOKEN: 'the old value' })
    expect(valuesOf(await vault.credentialFor(server))).toEqual({ TOKEN: 'the new value' })
  })

  it('are forgotten when their server or workspace changes, and all of them after a gap', async () => {
    const { open, bus } = createWorld()
    const vault = await open()
    const forgets = [
      () => bus.publish({ kind: 'credential', id: 's1' }),
      () => bus.publish({ kind: 'server', id: 's1' }),
      () => bus.publish({ kind: 'workspace', id: 'w1' }),
      () => bus.gap(),
    ]
    for (const forget of forgets) {
      await vault.credentialFor(server)
      bus.publish({ kind: 'server', id: 's9' })
      bus.publish({ kind: 'workspace', id: 'w9' })
      expect(vault.peek('s1')).not.toBe('unknown')
      forget()
      expect(vault.peek('s1')).toBe('unknown')
    }
  })

  it('are tried again after the store failed', async () => {
    const { open, gate } = createWorld()
    const vault = await open()
    gate.beforeAnswer = () => Promise.reject(new Error('down'))
    await expect(vault.credentialFor(server)).rejects.toThrow('down')
    delete gate.beforeAnswer
    expect(await vault.credentialFor(server)).toBeUndefined()
  })
})

describe('the master key of a vault', () => {
  it('is remembered by a sentinel from the first start on', async () => {
    const { open, wrapped } = createWorld()
    await open()
    expect([...wrapped.keys()]).toEqual(['sentinel', 'sealing'])
    await open()
  })

  it('must be the right one; a wrong one writes nothing', async () => {
    const { open, counts } = createWorld()
    await (await open()).put(server, { TOKEN: CANARY })
    const before = counts.writes
    await expect(open({ masterKey: randomBytes(32) })).rejects.toMatchObject({
      code: 'configuration',
      message: 'The master key is not the one this data was sealed with.',
    })
    expect(counts.writes).toBe(before)
  })

  it('is not replaced by a new one when only the sentinel was lost', async () => {
    const { open, wrapped, records } = createWorld()
    await (await open()).put(server, { TOKEN: CANARY })
    wrapped.delete('sentinel')
    await expect(open()).rejects.toMatchObject({ code: 'configuration' })
    wrapped.clear()
    await expect(open()).rejects.toMatchObject({ code: 'configuration' })
    expect(wrapped.size).toBe(0)
    records.clear()
    await open()
  })

  it('is agreed on by two processes that start first together', async () => {
    const { open, wrapped } = createWorld()
    await Promise.all([open(), open()])
    expect([...wrapped.keys()]).toEqual(['sentinel', 'sealing'])
    const { open: openElsewhere } = createWorld()
    const outcomes = await Promise.allSettled([
      openElsewhere(),
      openElsewhere({ masterKey: randomBytes(32) }),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  it('is never shorter or longer than 32 bytes', async () => {
    for (const length of [0, 16, 31, 33]) {
      const { open, wrapped } = createWorld()
      await expect(open({ masterKey: randomBytes(length) })).rejects.toMatchObject({ code: 'configuration' })
      expect(wrapped.size).toBe(0)
    }
  })

  it('may be wiped by whoever gave it', async () => {
    const { open } = createWorld()
    const masterKey = new Uint8Array(randomBytes(32))
    const vault = await open({ masterKey })
    masterKey.fill(0)
    await vault.put(server, { TOKEN: CANARY })
    expect(valuesOf(await vault.credentialFor(server))).toEqual({ TOKEN: CANARY })
  })
})

describe('changing the master key', () => {
  const servers = Array.from({ length: 5 }, (_, index) => owner(`s${index}`, `w${index}`))
  /** One key for each workspace, that of the sealers, and the sentinel. */
  const WRAPPED = servers.length + 2

  async function filled() {
    const world = createWorld()
    const vault = await world.open()
    for (const server of servers) await vault.put(server, { TOKEN: `value of ${server.id}` })
    return { ...world, vault }
  }

  async function expectAllReadable(vault: Vault): Promise<void> {
    for (const each of servers) {
      expect(valuesOf(await vault.credentialFor(each))).toEqual({ TOKEN: `value of ${each.id}` })
    }
  }

  it('keeps every credential readable, untouched, and makes the old key useless', async () => {
    const { vault, open, records, masterKey } = await filled()
    const sealedBefore = [...records.values()].map(({ sealed }) => sealed)
    const newKey = new Uint8Array(randomBytes(32))
    expect(await vault.rewrap(newKey)).toBe(WRAPPED)
    expect(await vault.rewrap(newKey)).toBe(0)
    await expectAllReadable(vault)
    await expectAllReadable(await open({ masterKey: newKey }))
    expect([...records.values()].map(({ sealed }) => sealed)).toEqual(sealedBefore)
    await expect(open({ masterKey })).rejects.toMatchObject({ code: 'configuration' })
  })

  it('takes along the key that signs the log: what it signed stays signed', async () => {
    const { vault, open, wrapped } = await filled()
    const { publicKey } = await vault.signer()
    expect(await vault.signer()).toMatchObject({ publicKey })
    const newKey = new Uint8Array(randomBytes(32))
    expect(await vault.rewrap(newKey)).toBe(WRAPPED + 1)
    expect(await vault.signer()).toMatchObject({ publicKey })
    const reopened = await (await open({ masterKey: newKey })).signer()
    expect(reopened.publicKey).toBe(publicKey)
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const signature = Buffer.from(reopened.sign('a head'), 'base64url')
    expect(verify(null, Buffer.from('a head'), key, signature)).toBe(true)
    expect(verify(null, Buffer.from('another'), key, signature)).toBe(false)
    const stored = Buffer.concat([...wrapped.values()])
    expect(stored.includes(key.export({ format: 'der', type: 'spki' }))).toBe(false)
    expect(stored.includes(Buffer.from('302e020100300506032b6570', 'hex'))).toBe(false)
  })

  it('wraps the key of a workspace made afterwards with the new key', async () => {
    const { vault, open } = await filled()
    const newKey = new Uint8Array(randomBytes(32))
    await vault.rewrap(newKey)
    const late = owner('late', 'late')
    await vault.put(late, { TOKEN: 'value of late' })
    const restarted = await open({ masterKey: newKey })
    expect(valuesOf(await restarted.credentialFor(late))).toEqual({ TOKEN: 'value of late' })
  })

  for (let writes = 0; writes <= WRAPPED; writes += 1) {
    it(`[V6] goes on where it was killed after ${writes} of ${WRAPPED} writes`, async () => {
      const { vault, open, gate, counts, masterKey } = await filled()
      const newKey = new Uint8Array(randomBytes(32))
      gate.stopAfter = counts.writes + writes
      await vault.rewrap(newKey).catch(() => undefined)
      delete gate.stopAfter
      // Until the workspaces' keys are all wrapped again, whoever starts with the old key alone is not locked out.
      if (writes <= servers.length) await open({ masterKey })

      const resumed = await open({ masterKey: newKey, olderMasterKeys: [masterKey] })
      await expectAllReadable(resumed)
      expect(await resumed.masterKeyState()).toMatchObject({ olderKeys: WRAPPED - writes, unreadableKeys: 0 })
      expect(await resumed.rewrap()).toBe(WRAPPED - writes)
      expect(await resumed.masterKeyState()).toMatchObject({ olderKeys: 0 })
      await expectAllReadable(await open({ masterKey: newKey }))
      await expect(open({ masterKey })).rejects.toMatchObject({ code: 'configuration' })
    })
  }

  it('[V6] wraps a key with the new one that was being made as the change began', async () => {
    const { vault, open, gate } = await filled()
    const held = Promise.withResolvers<void>()
    gate.beforeAdd = () => held.promise
    const late = owner('late', 'late')
    delete gate.adding
    const putting = vault.put(late, { TOKEN: 'value of late' })
    await vi.waitFor(() => expect(gate.adding).toBe(1))
    const newKey = new Uint8Array(randomBytes(32))
    const rewrapping = vault.rewrap(newKey)
    held.resolve()
    await Promise.all([putting, rewrapping])
    const restarted = await open({ masterKey: newKey })
    expect(valuesOf(await restarted.credentialFor(late))).toEqual({ TOKEN: 'value of late' })
  })

  it('goes on when a workspace is removed meanwhile', async () => {
    const { vault, open, wrapped, gate } = await filled()
    gate.beforeReplace = () => void wrapped.delete('workspace:w3')
    const newKey = new Uint8Array(randomBytes(32))
    await vault.rewrap(newKey)
    expect(wrapped.has('workspace:w3')).toBe(false)
    expect(await (await open({ masterKey: newKey })).masterKeyState()).toMatchObject({
      olderKeys: 0,
      unreadableKeys: 0,
    })
  })

  it('leaves a damaged key as it is, says so, and wraps all others', async () => {
    const { vault, open, wrapped } = await filled()
    const damaged = Uint8Array.from(wrapped.get('workspace:w3') ?? [])
    damaged[30] = (damaged[30] ?? 0) ^ 1
    wrapped.set('workspace:w3', damaged)
    const newKey = new Uint8Array(randomBytes(32))
    expect(await vault.rewrap(newKey)).toBe(WRAPPED - 1)
    expect(wrapped.get('workspace:w3')).toEqual(damaged)
    const restarted = await open({ masterKey: newKey })
    expect(await restarted.masterKeyState()).toMatchObject({ olderKeys: 0, unreadableKeys: 1 })
    expect(await restarted.credentialFor(owner('s4', 'w4'))).toBeDefined()
    await expect(restarted.credentialFor(owner('s3', 'w3'))).rejects.toMatchObject({
      code: 'credential_unreadable',
    })
  })

  it('shows an id that is another for each key and nothing of the key', async () => {
    const { vault, masterKey } = await filled()
    const { id } = await vault.masterKeyState()
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    expect(Buffer.from(masterKey).toString('hex')).not.toContain(id)
    await vault.rewrap(new Uint8Array(randomBytes(32)))
    expect((await vault.masterKeyState()).id).not.toBe(id)
  })

  it('[V6] keeps sealed session ids alive, also when the old key is known to nobody any more', async () => {
    const { vault, open } = await filled()
    const newKey = new Uint8Array(randomBytes(32))
    const sealer = vault.sealer('session')
    const sealed = sealer.seal(Buffer.from('state'), 'token-1')
    await vault.rewrap(newKey)
    const resealed = sealer.seal(Buffer.from('state'), 'token-1')
    const restarted = await open({ masterKey: newKey })
    for (const text of [sealed, resealed]) {
      expect(sealer.open(text, 'token-1')).toEqual(Buffer.from('state'))
      expect(restarted.sealer('session').open(text, 'token-1')).toEqual(Buffer.from('state'))
    }
  })
})

describe('a sealer', () => {
  it('opens what it sealed, in any process with the same master key', async () => {
    const { open } = createWorld()
    const [one, other] = [await open(), await open()]
    const sealed = one.sealer('session').seal(Buffer.from('state'), 'token-1')
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(other.sealer('session').open(sealed, 'token-1')).toEqual(Buffer.from('state'))
  })

  it('opens nothing of another purpose, context or installation', async () => {
    const { open } = createWorld()
    const vault = await open()
    const sealed = vault.sealer('session').seal(Buffer.from('state'), 'token-1')
    expect(vault.sealer('cursor').open(sealed, 'token-1')).toBeUndefined()
    expect(vault.sealer('session').open(sealed, 'token-2')).toBeUndefined()
    const stranger = await createWorld().open()
    expect(stranger.sealer('session').open(sealed, 'token-1')).toBeUndefined()
  })

  it('opens nothing that was changed, cut or spelled otherwise', async () => {
    const vault = await createWorld().open()
    const sealer = vault.sealer('session')
    const sealed = sealer.seal(Buffer.from('a state of some length'), 'c')
    for (let at = 0; at < sealed.length; at += 1) {
      const other = sealed[at] === 'A' ? 'B' : 'A'
      expect(sealer.open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'c')).toBeUndefined()
      expect(sealer.open(sealed.slice(0, at), 'c')).toBeUndefined()
    }
    for (const text of ['', '=', `${sealed}=`, `${sealed}A`, `${sealed} `, 'not sealed at all']) {
      expect(sealer.open(text, 'c')).toBeUndefined()
    }
  })
})
