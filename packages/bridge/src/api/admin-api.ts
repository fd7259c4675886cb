import * as z from 'zod/mini'
import type { Access } from '../credentials/access.ts'
import { fetchIdentity } from './identity.ts'
import { readApi } from './read-api.ts'
import {
  callShape,
  type Identity,
  type ListedTool,
  type LoggedCall,
  type ServerState,
  serverShape,
  toolShape,
} from './shapes.ts'

/** What a token may ask of the control plane about its own workspace. Every method rejects like `readApi`. */
export interface AdminApi {
  whoami(): Promise<Identity>
  /** All servers of the workspace with their health. Not for `readonly`. */
  servers(): Promise<ServerState[]>
  /** All tools the token sees. */
  tools(): Promise<ListedTool[]>
  /** The last calls of one member, newest first. Not for `readonly`. */
  lastCalls(member: string, limit: number): Promise<LoggedCall[]>
}

const maxPages = 100

/** `limitMs` holds for each request. */
export function createAdminApi(access: Access, limitMs = 10_000): AdminApi {
  const ask = <T>(path: string, shape: z.ZodMiniType<T>) => readApi(access, path, shape, limitMs)

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
    whoami: () => fetchIdentity(access, limitMs),
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
