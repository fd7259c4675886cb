import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../model/error.ts'

const EMPTY = Buffer.alloc(0)

/**
 * Reads a request's body. `fail` gets `too_large` as soon as the limit is passed, by the length announced or by what
 * really comes.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer) => void,
  fail: (error: GatewayError) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return fail(tooLarge(maxBytes))
  let first: Buffer | undefined
  let rest: Buffer[] | undefined
  let received = 0
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > maxBytes) {
      request.pause()
      request.removeAllListeners('data')
      request.removeAllListeners('end')
      return fail(tooLarge(maxBytes))
    }
    if (first === undefined) first = chunk
    else if (rest === undefined) rest = [first, chunk]
    else rest.push(chunk)
  })
  request.on('end', () => done(rest === undefined ? (first ?? EMPTY) : Buffer.concat(rest)))
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('too_large', `The request's body is larger than ${maxBytes} bytes.`, {
    fix: 'Send less at a time.',
  })
}
