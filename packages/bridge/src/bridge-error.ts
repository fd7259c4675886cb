/** What stopped the work, in words a program can switch on. Messages are for people and may change. */
export type Reason =
  | 'usage'
  | 'login_needed'
  | 'bad_token'
  | 'forbidden'
  | 'workspace_not_found'
  | 'unreachable'
  | 'connection_lost'
  | 'server_error'
  | 'not_mcp'
  | 'storage'
  | 'tool_not_found'
  | 'tool_error'
  | 'input_needed'
  | 'timeout'

/** An end the user should read: what happened and, in `fix`, what to type. Never holds a token. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError'
  readonly reason: Reason
  readonly fix: string | undefined

  constructor(reason: Reason, message: string, options: { fix?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.reason = reason
    this.fix = options.fix
  }

  get sentence(): string {
    return this.fix === undefined ? this.message : `${this.message} ${this.fix}`
  }
}

export function asBridgeError(error: unknown): BridgeError {
  if (error instanceof BridgeError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new BridgeError('server_error', `The bridge failed: ${message}`, { cause: error })
}
