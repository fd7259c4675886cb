import { explainTrouble } from './trouble.ts'

/** The connection failed. `sent` says whether the gateway may have seen the request. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly sent: boolean
  /** What mends it, where that is known. */
  readonly fix: string | undefined
  /** A wrong certificate or a proxy that refuses does not mend itself within seconds. */
  readonly isPermanent: boolean

  constructor(sent: boolean, cause: Error) {
    const { what, fix, isPermanent = false } = explainTrouble(cause)
    super(what, { cause })
    this.sent = sent
    this.fix = fix
    this.isPermanent = isPermanent && !sent
  }
}
