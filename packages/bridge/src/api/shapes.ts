import * as z from 'zod/mini'

/*
 * What the control plane's admin API answers, as far as the commands read it. Loose on purpose: a newer control plane
 * may say more, and know words that this bridge does not.
 */

export const identityShape = z.object({
  role: z.string(),
  member: z.string(),
  workspace: z.optional(z.string()),
  expiresAt: z.nullish(z.union([z.string(), z.number()])),
})

export const serverShape = z.object({
  name: z.string(),
  kind: z.string(),
  enabled: z.boolean(),
  /** `ready`, `connecting`, `needs_credential`, `needs_login`, `failing`, `disabled`, or a word yet to come. */
  status: z.string(),
  error: z.optional(z.object({ code: z.string(), message: z.string(), fix: z.optional(z.string()) })),
  tools: z.number(),
})

export const toolShape = z.object({
  /** As clients see it. */
  name: z.string(),
  server: z.string(),
  /** As the server itself calls it. */
  tool: z.string(),
  definition: z.record(z.string(), z.unknown()),
})

export const callShape = z.object({
  seq: z.number(),
  time: z.string(),
  member: z.string(),
  client: z.nullish(z.string()),
  server: z.nullish(z.string()),
  tool: z.nullish(z.string()),
  shownAs: z.nullish(z.string()),
  method: z.optional(z.string()),
  outcome: z.string(),
  reason: z.optional(z.string()),
  latencyMs: z.number(),
})

export const descriptionShape = z.object({ info: z.object({ title: z.string(), version: z.string() }) })

export type Identity = z.infer<typeof identityShape>
export type ServerState = z.infer<typeof serverShape>
export type ListedTool = z.infer<typeof toolShape>
export type LoggedCall = z.infer<typeof callShape>
