/** JSON-RPC 2.0 and MCP error codes (specification, basic/index#error-codes of 2026-07-28 and older pages). */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** Legacy only: modern revisions use `invalidParams`. */
  resourceNotFound: -32002,
  headerMismatch: -32020,
  missingClientCapability: -32021,
  unsupportedProtocolVersion: -32022,
  urlElicitationRequired: -32042,
  /** Ours, outside of the range that JSON-RPC reserves: a gateway or a server behind it could not do its work. */
  gateway: -31000,
} as const

export interface RpcErrorObject {
  code: number
  message: string
  data?: unknown
}

/** An error that is to reach the caller as a JSON-RPC error with exactly this code. */
export class RpcError extends Error {
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }

  toObject(): RpcErrorObject {
    const { code, message, data } = this
    return data === undefined ? { code, message } : { code, message, data }
  }
}
