import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { readText } from '../http/server-events.ts'
import { TransportError } from '../http/transport-error.ts'
import { parseJson } from '../json-object.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'

const identitySchema = z.object({
  role: z.string(),
  member: z.string(),
  workspace: z.optional(z.string()),
  expiresAt: z.nullish(z.union([z.string(), z.number()])),
})

export type Identity = z.infer<typeof identitySchema>

const answerLimitMs = 10_000

/** Asks the gateway whom the token belongs to. */
export async function fetchIdentity(access: Pick<Access, 'workspace' | 'send'>): Promise<Identity> {
  const workspace = await access.workspace()
  try {
    const reply = await access.send({
      method: 'GET',
      path: '/api/v1/whoami',
      lane: 'calls',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(answerLimitMs),
    })
    if (reply.status !== 200) throw explainRefusal(await readRefusal(reply), workspace)
    const identity = identitySchema.safeParse(parseJson(await readText(reply)))
    if (identity.success) return identity.data
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw new BridgeError('unreachable', `${workspace.origin} cannot be reached (${error.message}).`, {
      fix: 'Check the URL, and that the gateway runs.',
      cause: error,
    })
  }
  throw new BridgeError('not_mcp', `${workspace.origin} did not answer like an mcpgw gateway.`, {
    fix: 'Check the URL.',
  })
}

/** The end of the token's life for people, or undefined when it has none. */
export function expiryOf(identity: Identity): string | undefined {
  const { expiresAt } = identity
  return expiresAt === undefined || expiresAt === null ? undefined : new Date(expiresAt).toISOString()
}
