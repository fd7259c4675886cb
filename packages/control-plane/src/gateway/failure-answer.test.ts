import { describe, expect, it } from 'vitest'
import { type ErrorCode, GatewayError } from '../model/error.ts'
import { RPC, RpcError } from '../protocol/rpc-error.ts'
import { failureAnswer, toRpcError } from './failure-answer.ts'

const told = (method: string, error: unknown, era: 'modern' | 'legacy' = 'legacy') => {
  const { bytes, errorCode } = failureAnswer('id', method, error, era)
  return { errorCode, message: JSON.parse(bytes.toString()) }
}

describe('a failed tool call', () => {
  it.each<ErrorCode>([
    'needs_credential',
    'credential_unreadable',
    'upstream_unavailable',
    'upstream_timeout',
    'upstream_refused',
    'upstream_invalid',
    'too_large',
  ])('because of %s is a result that a model can read', (code) => {
    const error = new GatewayError(code, 'It broke.', { fix: 'Mend it.' })
    const result = { content: [{ type: 'text', text: 'It broke. Mend it.' }], isError: true }
    expect(told('tools/call', error)).toEqual({
      errorCode: undefined,
      message: { jsonrpc: '2.0', id: 'id', result },
    })
    expect(told('tools/call', error, 'modern').message.result).toEqual({ resultType: 'complete', ...result })
  })

  it.each<[ErrorCode, number]>([
    ['invalid_request', RPC.invalidParams],
    ['not_found', RPC.invalidParams],
    ['unsupported', RPC.methodNotFound],
    ['internal', RPC.internalError],
    ['audit_unavailable', RPC.gateway],
    ['cancelled', RPC.gateway],
    ['too_many', RPC.gateway],
  ])('because of %s is a protocol error', (code, rpcCode) => {
    expect(told('tools/call', new GatewayError(code, 'No.'))).toEqual({
      errorCode: rpcCode,
      message: { jsonrpc: '2.0', id: 'id', error: { code: rpcCode, message: 'No.', data: { code } } },
    })
  })
})

describe('any other failed request', () => {
  it('is a protocol error that says what to do', () => {
    const error = new GatewayError('upstream_unavailable', 'It is down.', { fix: 'Start it.' })
    expect(told('prompts/get', error).message.error).toEqual({
      code: RPC.gateway,
      message: 'It is down. Start it.',
      data: { code: 'upstream_unavailable', fix: 'Start it.' },
    })
  })

  it('keeps the code and data it was refused with', () => {
    const error = new RpcError(RPC.headerMismatch, 'No.', { header: 'x' })
    expect(told('tools/call', error)).toMatchObject({
      errorCode: RPC.headerMismatch,
      message: { error: { code: RPC.headerMismatch, message: 'No.', data: { header: 'x' } } },
    })
  })
})

it.each([
  new Error('password=hunter2'),
  new TypeError('hunter2 is not a function'),
  'hunter2',
  undefined,
  { message: 'hunter2' },
])('tells nothing of what nobody foresaw: %s', (thrown) => {
  expect(toRpcError(thrown)).toEqual({
    code: RPC.internalError,
    message: 'Something went wrong inside the gateway.',
  })
})

it('never tells the cause', () => {
  const error = new GatewayError('upstream_unavailable', 'It is down.', { cause: new Error('hunter2') })
  expect(JSON.stringify([toRpcError(error), told('tools/call', error)])).not.toContain('hunter2')
})
