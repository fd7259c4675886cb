import type { z } from 'zod'
import { GatewayError } from '../model/error.ts'

/** Reads a JSON column. What no longer fits its schema is refused: guessing at stored rules could widen them. */
export function parseStoredJson<T>(schema: z.ZodType<T>, text: string, column: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new GatewayError('internal', `A stored value of ${column} cannot be read.`, { cause })
  }
}
