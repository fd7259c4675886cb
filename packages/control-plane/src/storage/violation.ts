import { GatewayError } from '../model/error.ts'

type Violation = 'unique' | 'missing_parent'

const POSTGRES_VIOLATIONS: Record<string, Violation> = { '23505': 'unique', '23503': 'missing_parent' }

// SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_FOREIGNKEY.
const SQLITE_VIOLATIONS: Record<number, Violation> = { 2067: 'unique', 1555: 'unique', 787: 'missing_parent' }

/** Which of our own constraints a database error speaks of. */
export function violationIn(error: unknown): Violation | undefined {
  if (!(error instanceof Error)) return undefined
  if ('errcode' in error && typeof error.errcode === 'number') return SQLITE_VIOLATIONS[error.errcode]
  if ('code' in error && typeof error.code === 'string') return POSTGRES_VIOLATIONS[error.code]
  return undefined
}

/** Runs a statement; a taken name becomes `conflict`, a missing owner of the row `not_found`. */
export async function refusing<T>(
  messages: { taken: string; missing?: string },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    const violation = violationIn(cause)
    if (violation === 'unique') throw new GatewayError('conflict', messages.taken, { cause })
    if (violation === 'missing_parent' && messages.missing !== undefined) {
      throw new GatewayError('not_found', messages.missing, { cause })
    }
    throw cause
  }
}
