import { GatewayError } from '../../model/error.ts'
import { problem } from './problem.ts'

const MAX_BODY_BYTES = 1024 * 1024

const MAY_NAME_PROTO = /__proto__|\\u/

/** Whether a body says it is plain JSON. Also keeps HTML forms of other sites out. */
export function saysJson(headers: Headers): boolean {
  if (headers.has('content-encoding')) return false
  return /^application\/json *(?:; *charset="?utf-8"?)?$/i.test(headers.get('content-type') ?? '')
}

/** The answer to a body that does not say so. */
export function notJson(): Response {
  const error = new GatewayError(
    'unsupported',
    'The body must be sent as application/json, in UTF-8 and without encoding.',
  )
  return problem(error, 415)
}

/** Reads a body's text as JSON, an empty one as `{}`. Throws `invalid_request`. */
export function parseJson(text: string): unknown {
  if (text === '') return {}
  try {
    // Being asked about every value costs ten times the parse; an escape could spell the name as well.
    return MAY_NAME_PROTO.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    // The parser's own words quote the body, which may hold a secret.
    throw new GatewayError('invalid_request', 'The body is not JSON.')
  }
}

/** Reads the whole body. Counts what arrives, whatever the headers promised; throws `too_large`, as `check` may. */
export async function readText(
  request: Request,
  check: (body: Buffer) => void,
  maxBytes = MAX_BODY_BYTES,
): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  check(body)
  return decode(body)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new GatewayError('invalid_request', 'The body is not UTF-8.')
  }
}

/** `JSON.parse` makes `__proto__` a field like any other; a later merge would make it a prototype. */
function refuseProto(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value
  throw new GatewayError('invalid_request', 'Unknown field "__proto__".')
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('too_large', `The body is larger than ${maxBytes / MAX_BODY_BYTES} MiB.`)
}
