import * as z from 'zod/mini'
import { BridgeError } from '../bridge-error.ts'
import type { Access } from '../credentials/access.ts'
import { readText } from '../http/server-events.ts'
import { parseJson } from '../json-object.ts'
import { explainRefusal, readRefusal } from '../stdio/refusal.ts'
import {
  callShape,
  type Identity,
  identityShape,
  type ListedTool,
  type LoggedCall,
  type ServerState,
  serverShape,
  toolShape,
} from './shapes.ts'
import { withinLimit } from './within-limit.ts'

/**
 * What a token may ask of the control plane about its own workspace. Every method rejects with BridgeError:
 * `forbidden` where the role does not allow it, `login_needed` for a token that is no longer good, `unreachable`, or
 * `not_mcp` for an answer that makes no sense.
 */
export interface AdminApi {
  whoami(): Promise<Identity>
  /** All servers of the workspace with their health. Not for `readonly`. */
  servers(): Promise<ServerState[]>
  /** All tools the token sees. */
  tools(): Promise<ListedTool[]>
  /** The last calls of one member, newest first. Not for `readonly`. */
  lastCalls(member: string, limit: number): Promise<LoggedCall[]>
}

const maxAnswerBytes = 32 * 1024 * 1024
const maxPages = 100

/** `limitMs` holds for each request. */
export function createAdminApi(access: Access, limitMs = 10_000): AdminApi {
  async function ask<T>(path: string, shape: z.ZodMiniType<T>): Promise<T> {
    const workspace = await access.workspace()
    return withinLimit({ origin: workspace.origin, limitMs }, async (signal) => {
      const headers = { accept: 'application/json' }
      const reply = await access.send({ method: 'GET', path, lane: 'calls', headers, signal })
      if (reply.status !== 200) throw explainRefusal(await readRefusal(reply), workspace)
      const answer = z.safeParse(shape, parseJson(await readText(reply, maxAnswerBytes)))
      if (answer.success) return answer.data
      throw notTheApi(workspace.origin, path)
    })
  }

  async function list<T>(path: string, item: z.ZodMiniType<T>): Promise<T[]> {
    const page = z.object({ items: z.array(item), nextCursor: z.optional(z.string()) })
    const base = `/api/v1/workspaces/${(await access.workspace()).slug}/${path}?limit=500`
    const items: T[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < maxPages; pages += 1) {
      const more: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = await ask(base + more, page)
      items.push(...answer.items)
      cursor = answer.nextCursor
      if (cursor === undefined) break
    }
    return items
  }

  return {
    whoami: () => ask('/api/v1/whoami', identityShape),
    servers: () => list('servers', serverShape),
    tools: () => list('tools', toolShape),
    async lastCalls(member, limit) {
      const { slug } = await access.workspace()
      const query = `kind=call&limit=${limit}&member=${encodeURIComponent(member)}`
      const page = z.object({ items: z.array(callShape) })
      return (await ask(`/api/v1/workspaces/${slug}/audit?${query}`, page)).items
    },
  }
}

function notTheApi(origin: string, path: string): BridgeError {
  return new BridgeError('not_mcp', `${origin} did not answer ${path} like an mcpgw gateway.`, {
    fix: 'Check the URL.',
  })
}
