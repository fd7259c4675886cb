import type { ServerResponse } from 'node:http'
import { type Bytes, sizeOf } from '../../protocol/reply-bytes.ts'
import { ANSWER_HEADERS } from './answer-headers.ts'

/** Answers with JSON that is written already. */
export function sendJson(
  response: ServerResponse,
  status: number,
  bytes: Bytes,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': sizeOf(bytes),
    ...ANSWER_HEADERS,
    ...headers,
  })
  if (Buffer.isBuffer(bytes)) return void response.end(bytes)
  response.cork()
  for (const piece of bytes) response.write(piece)
  response.end()
  response.uncork()
}
