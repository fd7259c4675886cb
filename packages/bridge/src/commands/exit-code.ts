import type { BridgeError, Reason } from '../bridge-error.ts'

export const exitCodes = { done: 0, failed: 1, usage: 2, loginNeeded: 4 } as const

const special: Partial<Record<Reason, number>> = {
  usage: exitCodes.usage,
  login_needed: exitCodes.loginNeeded,
  bad_token: exitCodes.loginNeeded,
}

export function exitCodeOf(error: BridgeError): number {
  return special[error.reason] ?? exitCodes.failed
}
