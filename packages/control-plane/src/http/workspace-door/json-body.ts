import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../../model/error.ts'
import { type JsonLimits, parseJson } from '../../protocol/json.ts'

/** A body that is not JSON; the message is for whoever sent it. */
export class UnreadableBody extends Error {}

/** Why a body is not even read, to be answered with 415; undefined for one that says it is plain JSON. */
export function notJson({ headers }: IncomingMessage): string | undefined {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    return 'The body must be sent without Content-Encoding.'
  if ((headers['content-type'] ?? '').includes('json')) return undefined
  return 'The body must be JSON, with the header Content-Type: application/json.'
}

/** Parses a request's body. Throws UnreadableBody, or `too_large` before anything is built from it. */
export function parseBody(body: Buffer, limits: JsonLimits): unknown {
  // Decoding would put replacement characters where the caller meant something else.
  if (!isUtf8(body)) throw new UnreadableBody('The body is not UTF-8.')
  try {
    return parseJson(body, limits)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    // The parser's own words name the place; they quote nothing but what the caller sent.
    throw new UnreadableBody(`The body is not JSON: ${(error as SyntaxError).message}`)
  }
}
