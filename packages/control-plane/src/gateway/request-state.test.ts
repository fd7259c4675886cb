import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Params, RpcRequest } from '../protocol/message.ts'
import { RPC } from '../protocol/rpc-error.ts'
import { openStorage } from '../storage/open-storage.ts'
import { openVault } from '../vault/vault.ts'
import { openState, type RequestState, STATE_LIFE_MS, type StateOwner, sealState } from './request-state.ts'

const NOW = 1_700_000_000_000
const clock = { now: () => NOW }
const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) }
const open = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'mcpgw-state-'))
open.defer(() => rmSync(folder, { recursive: true, force: true }))
const storage = open.use(await openStorage({ url: `sqlite:${join(folder, 'state.db')}`, clock }))
const vault = open.use(
  await openVault({
    masterKey: random.bytes(32),
    keys: storage.keys,
    credentials: storage.credentials,
    bus: storage.bus,
    clock,
    random,
  }),
)
afterAll(() => open.disposeAsync())

const sealer = vault.sealer('request-state')
const call = (params: Params = {}): RpcRequest => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'ask', arguments: { a: 1 }, ...params },
})
const state: RequestState = { upstream: 'its own state', parked: 'p', until: NOW + STATE_LIFE_MS }
const owner: StateOwner = { tokenId: 'token', serverId: 'server' }
const sealed = sealState(sealer, owner, call(), state)
const refused = expect.objectContaining({
  code: RPC.invalidParams,
  message: expect.stringContaining('without it'),
})
const opened = (request: RpcRequest, of = owner, now = NOW) => openState(sealer, of, request, now)

describe('a requestState', () => {
  it('comes back as it was given, with the retry of the same request', () => {
    const retry = call({ requestState: sealed, inputResponses: { q: {} }, _meta: { progressToken: 9 } })
    expect(opened({ ...retry, id: 2 })).toEqual(state)
  })

  it('is not asked of a first request', () => expect(opened(call())).toBeUndefined())

  it('shows nothing of what it holds', () => {
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('its own state')
    expect(sealState(sealer, owner, call(), state)).not.toBe(sealed)
  })

  it.each<[string, RpcRequest, Partial<StateOwner>]>([
    ['by another token', call({ requestState: sealed }), { tokenId: 'other' }],
    ['with another server', call({ requestState: sealed }), { serverId: 'other' }],
    [
      'with token and server mixed up',
      call({ requestState: sealed }),
      { tokenId: 'token server', serverId: '' },
    ],
    ['for another method', { ...call({ requestState: sealed }), method: 'prompts/get' }, {}],
    ['for another tool', call({ requestState: sealed, name: 'other' }), {}],
    ['for other arguments', call({ requestState: sealed, arguments: { a: 2 } }), {}],
    ['for fewer arguments', call({ requestState: sealed, arguments: {} }), {}],
    ['for a resource', call({ requestState: sealed, uri: 'x://1' }), {}],
  ])('is refused when it is used %s', (_, request, of) => {
    expect(() => opened(request, { ...owner, ...of })).toThrow(refused)
  })

  it('is refused when any bit of it was changed', () => {
    const bytes = Buffer.from(sealed, 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      expect(() => opened(call({ requestState: changed.toString('base64url') }))).toThrow(refused)
    }
  })

  it.each(['', 'made up', `${sealed}=`, `${sealed}A`, sealed.slice(0, -1), 5, null, {}, [sealed]])(
    'is refused when it is none: %#',
    (requestState) => expect(() => opened(call({ requestState }))).toThrow(refused),
  )

  it('is refused when it was made for another purpose', () => {
    const foreign = sealState(vault.sealer('session'), owner, call(), state)
    expect(() => opened(call({ requestState: foreign }))).toThrow(refused)
  })

  it('is good for ten minutes and no longer', () => {
    const retry = call({ requestState: sealed })
    expect(opened(retry, owner, NOW + STATE_LIFE_MS - 1)).toEqual(state)
    expect(() => opened(retry, owner, NOW + STATE_LIFE_MS)).toThrow(refused)
    expect(STATE_LIFE_MS).toBe(600_000)
  })
})
