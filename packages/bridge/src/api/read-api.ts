import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { readText } from '../http/server-events.ts'
import { parseJson } from '../json-object.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'
import { withinLimit } from './within-limit.ts'

const maxAnswerBytes = 32 * 1024 * 1024

/**
 * Reads one answer of the control plane, at a path of its origin. Rejects with BridgeError: `forbidden` where the role
 * does not allow it, `login_needed` for a token that is no longer good, `unreachable`, or `not_mcp` for an answer
 * that makes no sense.
 */
export async function readApi<T>(
  access: Pick<Access, 'workspace' | 'send'>,
  path: string,
  shape: z.ZodMiniType<T>,
  limitMs = 10_000,
): Promise<T> {
  const workspace = await access.workspace()
  return withinLimit({ origin: workspace.origin, limitMs }, async (signal) => {
    const headers = { accept: 'application/json' }
    const reply = await access.send({ method: 'GET', path, lane: 'calls', headers, signal })
    if (reply.status !== 200) throw explainRefusal(await readRefusal(reply), workspace)
    const answer = z.safeParse(shape, parseJson(await readText(reply, maxAnswerBytes)))
    if (answer.success) return answer.data
    throw new BridgeError('not_mcp', `${workspace.origin} did not answer ${path} like an mcpgw gateway.`, {
      fix: 'Check the URL, and that gateway and bridge are of the same age.',
    })
  })
}
