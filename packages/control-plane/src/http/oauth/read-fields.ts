import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { z } from 'zod'
import { readInput } from '../../manage/read-input.ts'
import { GatewayError } from '../../model/error.ts'

const MAX_FORM_BYTES = 16 * 1024

/** Stands before every route that takes a form. */
export const formLimit = bodyLimit({
  maxSize: MAX_FORM_BYTES,
  onError() {
    throw new GatewayError('too_large', 'The form is larger than 16 kB.')
  },
})

/** The fields of a form, read by a schema. Throws `invalid_request`. */
export async function readForm<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  if (!saysForm(c.req.header('content-type'))) {
    throw new GatewayError(
      'invalid_request',
      'The body must be a form, sent as application/x-www-form-urlencoded.',
    )
  }
  return readFields(new URLSearchParams(await c.req.text()), schema)
}

/** The parameters of the URL, read by a schema. Throws `invalid_request`. */
export function readQuery<T>(c: Context, schema: z.ZodType<T>): T {
  return readFields(new URL(c.req.url).searchParams, schema)
}

/**
 * Fields the schema does not know are ignored and empty ones are as good as absent (RFC 6749, 3.1). One that comes
 * twice is refused: others might read its other value.
 */
function readFields<T>(fields: URLSearchParams, schema: z.ZodType<T>): T {
  const names = new Set(fields.keys())
  if (names.size < fields.size)
    throw new GatewayError('invalid_request', 'A parameter is given more than once.')
  return readInput(schema, Object.fromEntries(Array.from(fields).filter(([, value]) => value !== '')))
}

function saysForm(contentType: string | undefined): boolean {
  return /^application\/x-www-form-urlencoded *(?:; *charset="?utf-8"?)?$/i.test(contentType ?? '')
}
