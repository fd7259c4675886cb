import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../model/error.ts'
import { raiseLimit } from '../../model/limits.ts'

const EMPTY = Buffer.alloc(0)
/** Read and thrown away before a refusal: a client that is cut off while it still sends never reads why. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

/**
 * Reads a request's body. `fail` gets `too_large` when the limit is passed, by the length announced or by what really
 * comes.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer) => void,
  fail: (error: GatewayError) => void,
): void {
  const refuse = () => discard(request, () => fail(tooLarge(maxBytes)))
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return refuse()
  let first: Buffer | undefined
  let rest: Buffer[] | undefined
  let received = 0
  request.on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received > maxBytes) {
      stopReading(request)
      return refuse()
    }
    if (first === undefined) first = chunk
    else if (rest === undefined) rest = [first, chunk]
    else rest.push(chunk)
  })
  request.on('end', () => done(rest === undefined ? (first ?? EMPTY) : Buffer.concat(rest)))
}

function discard(request: IncomingMessage, done: () => void): void {
  let discarded = 0
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length
    if (discarded <= MAX_DISCARDED_BYTES) return
    stopReading(request)
    request.pause()
    done()
  })
  request.on('end', done)
}

function stopReading(request: IncomingMessage): void {
  request.removeAllListeners('data')
  request.removeAllListeners('end')
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('too_large', `The request's body is larger than ${maxBytes} bytes.`, {
    fix: `Send less at a time. ${raiseLimit('body-bytes')}`,
  })
}
