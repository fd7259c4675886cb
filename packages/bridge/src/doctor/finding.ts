import type { Reason } from '../bridge-error.ts'

export type Status = 'ok' | 'warning' | 'failed' | 'skipped'

/** What a check saw. Texts may come from a server and go out through the Console alone. */
export interface Observation {
  readonly status: Status
  readonly message: string
  readonly fix?: string
  /** Why it failed, in a word for programs. */
  readonly reason?: Reason
}

export interface Finding extends Observation {
  readonly check: string
}

export const ok = (message: string): Observation => ({ status: 'ok', message })

export const skipped = (message: string): Observation => ({ status: 'skipped', message })

export const warning = (message: string, fix?: string): Observation => ({
  status: 'warning',
  message,
  ...(fix !== undefined && { fix }),
})

export const failed = (message: string, fix?: string, reason?: Reason): Observation => ({
  status: 'failed',
  message,
  ...(fix !== undefined && { fix }),
  ...(reason !== undefined && { reason }),
})
