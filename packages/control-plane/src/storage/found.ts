import { GatewayError } from '../model/error.ts'

/** Throws `not_found` unless a statement touched a row. */
export function requireFound(touchedRows: bigint, thing: string): void {
  if (touchedRows > 0n) return
  throw new GatewayError('not_found', `This ${thing} does not exist any more.`)
}
