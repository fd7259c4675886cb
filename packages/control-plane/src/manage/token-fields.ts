import { z } from 'zod'
import { allowAndDeny } from './fields.ts'

const TEN_YEARS_S = 10 * 366 * 24 * 3600

/** How long something shall live, in seconds. */
export const lifetimeS = z
  .number()
  .int('must be a whole number of seconds')
  .min(60, 'must be at least 60 seconds')
  .max(TEN_YEARS_S, 'must be at most ten years, in seconds')

/** The roles that can be given in a workspace. */
export const workspaceRole = z.enum(['admin', 'developer', 'readonly'])

export const rules = z.strictObject({
  servers: allowAndDeny.exactOptional(),
  tools: allowAndDeny.exactOptional(),
  readOnlyTools: z.boolean().exactOptional(),
})
