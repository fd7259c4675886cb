import { z } from 'zod'
import { GatewayError } from '../../../model/error.ts'

/** Not a record, which would be copied member by member: there may be as many as anybody likes to send. */
export const jsonObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

/** Reads a part of a body. Throws `invalid_request` that says what is wrong where. */
export function read<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const found = schema.safeParse(value)
  if (found.success) return found.data
  const [first] = found.error.issues
  const place = [name, ...(first?.path ?? [])].join('.')
  throw new GatewayError('invalid_request', `"${place}" ${first?.message ?? 'cannot be read'}.`, {
    fix: 'Send what the model answered as it came from its API; docs/openai.md shows each form.',
  })
}

/** A text that is there: ids and names of calls. */
export const name = z.string('must be a text').min(1, 'must not be empty').max(1_024, 'is too long')
