import type * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { readText } from '../http/server-events.ts'
import { TransportError } from '../http/transport-error.ts'
import { parseJson } from '../json-object.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'

const answerLimitMs = 30_000

/**
 * Reads one answer of the admin API, at a path below the workspace such as `/tools`. Rejects with BridgeError: a
 * refusal in words, `unreachable` at once when nobody answers, `not_mcp` for another shape.
 */
export async function readApi<Schema extends z.ZodMiniType>(
  access: Access,
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const workspace = await access.workspace()
  try {
    const reply = await access.send({
      method: 'GET',
      path: `/api/v1/workspaces/${workspace.slug}${path}`,
      lane: 'calls',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(answerLimitMs),
    })
    if (reply.status !== 200) throw explainRefusal(await readRefusal(reply), workspace)
    const answer = schema.safeParse(parseJson(await readText(reply)))
    if (answer.success) return answer.data
  } catch (error) {
    throw error instanceof TransportError ? explainSilence(error, workspace.origin) : error
  }
  throw new BridgeError('not_mcp', `${workspace.origin} did not answer like an mcpgw gateway.`, {
    fix: 'Check the URL of the workspace, and that gateway and bridge are of the same age.',
  })
}

export function explainSilence(error: TransportError, origin: string): BridgeError {
  return new BridgeError('unreachable', `${origin} cannot be reached (${error.message}).`, {
    fix: error.isPermanent
      ? 'If the gateway uses a private certificate, name its CA file in NODE_EXTRA_CA_CERTS.'
      : 'Check that the gateway runs and that this machine can reach it.',
    cause: error,
  })
}
