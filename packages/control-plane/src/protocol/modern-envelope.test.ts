import { describe, expect, it } from 'vitest'
import { claimsModern, META, readEnvelope, withEnvelope, withoutEnvelope } from './modern-envelope.ts'
import { MODERN_REVISION } from './revisions.ts'
import { RPC, RpcError } from './rpc-error.ts'

const envelope = {
  [META.protocolVersion]: MODERN_REVISION,
  [META.clientInfo]: { name: 'c', version: '1' },
  [META.clientCapabilities]: { sampling: {}, 'x/new': { y: 1 } },
}

describe('the envelope of a modern request', () => {
  it('tells who asks and what their client is able to do, known or not', () => {
    const read = readEnvelope({ _meta: { ...envelope, [META.logLevel]: 'info' } })
    expect(read).toEqual({
      clientInfo: { name: 'c', version: '1' },
      clientCapabilities: { sampling: {}, 'x/new': { y: 1 } },
      logLevel: 'info',
    })
  })

  it('may leave out the client’s name and the log level', () => {
    const { [META.clientInfo]: _, ...rest } = envelope
    expect(readEnvelope({ _meta: rest })).toMatchObject({ clientInfo: undefined, logLevel: undefined })
    expect(readEnvelope({ _meta: { ...rest, [META.logLevel]: 7 } }).logLevel).toBeUndefined()
  })

  it.each([
    ['no params', undefined, META.protocolVersion],
    ['no revision', { _meta: {} }, META.protocolVersion],
    [
      'a revision that is no text',
      { _meta: { ...envelope, [META.protocolVersion]: 2026 } },
      META.protocolVersion,
    ],
    [
      'no capabilities',
      { _meta: { ...envelope, [META.clientCapabilities]: undefined } },
      META.clientCapabilities,
    ],
    [
      'a list of capabilities',
      { _meta: { ...envelope, [META.clientCapabilities]: [] } },
      META.clientCapabilities,
    ],
  ])('is refused with %s, by the name of what is missing', (_, params, named) => {
    expect(thrownBy(() => readEnvelope(params))).toMatchObject({
      code: RPC.invalidParams,
      message: expect.stringContaining(named),
    })
  })

  it('of another revision is refused with the ones we speak', () => {
    const asked = '2099-01-01'
    const refusal = thrownBy(() => readEnvelope({ _meta: { ...envelope, [META.protocolVersion]: asked } }))
    expect(refusal).toBeInstanceOf(RpcError)
    expect(refusal).toMatchObject({
      code: RPC.unsupportedProtocolVersion,
      data: { supported: [MODERN_REVISION], requested: asked },
    })
  })

  it('is claimed by naming a revision, whatever it is', () => {
    expect(claimsModern({ _meta: { [META.protocolVersion]: 5 } })).toBe(true)
    expect(claimsModern({ _meta: { other: 1 } })).toBe(false)
    expect(claimsModern(undefined)).toBe(false)
  })
})

describe('params on their way to a server', () => {
  const params = { name: 'x', arguments: { a: [1] }, _meta: { progressToken: 5, 'mine/own': { z: 1 } } }

  it('get the envelope of whoever asks, and keep the rest', () => {
    const identity = {
      clientInfo: { name: 'me', version: '2' },
      capabilities: { roots: {} },
      logLevel: 'error',
    }
    const sent = withEnvelope(params, identity)
    expect(sent).toEqual({
      ...params,
      _meta: {
        ...params._meta,
        [META.protocolVersion]: MODERN_REVISION,
        [META.clientInfo]: identity.clientInfo,
        [META.clientCapabilities]: identity.capabilities,
        [META.logLevel]: 'error',
      },
    })
    expect(readEnvelope(sent)).toMatchObject({ logLevel: 'error', clientCapabilities: { roots: {} } })
  })

  it('cannot bring an envelope of their own', () => {
    const forged = { _meta: { ...envelope, [META.clientInfo]: { name: 'someone else' } } }
    const sent = withEnvelope(forged, { clientInfo: { name: 'me' }, capabilities: {} })
    expect(sent._meta).toMatchObject({ [META.clientInfo]: { name: 'me' }, [META.clientCapabilities]: {} })
  })

  it('lose the envelope for a legacy server, and nothing else', () => {
    const identity = { clientInfo: { name: 'me' }, capabilities: {}, logLevel: 'debug' }
    expect(withoutEnvelope(withEnvelope(params, identity))).toEqual(params)
    expect(withoutEnvelope(withEnvelope({ name: 'x' }, identity))).toEqual({ name: 'x' })
    expect(withoutEnvelope(params)).toBe(params)
    expect(withoutEnvelope(undefined)).toBeUndefined()
  })

  it('are not changed in the caller’s own copy', () => {
    const before = structuredClone(params)
    withoutEnvelope(withEnvelope(params, { clientInfo: 1, capabilities: {} }))
    expect(params).toEqual(before)
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
    return undefined
  } catch (error) {
    return error
  }
}
