import type { AuditFeed } from '../../manage/audit-feed.ts'
import type { AuditRowAnswer } from '../../manage/audit-row-answer.ts'
import { GatewayError } from '../../model/error.ts'
import type { Principal } from '../../model/principal.ts'
import { problem } from '../json/problem.ts'
import { eventStream } from './events.ts'

/** Who is calling, and how to hear when they may no longer. */
export interface Caller {
  principal: Principal
  watch(onEnd: () => void): () => void
}

/** Streams one token may hold open at once. */
const MAX_PER_TOKEN = 8

/** The open streams of the log. Each ends with the token that opened it. */
export function createTails() {
  const openByToken = new Map<string, number>()

  function count(tokenId: string, change: 1 | -1): void {
    const left = (openByToken.get(tokenId) ?? 0) + change
    if (left === 0) openByToken.delete(tokenId)
    else openByToken.set(tokenId, left)
  }

  function open(feed: AuditFeed<AuditRowAnswer>, { principal, watch }: Caller): Response {
    if ((openByToken.get(principal.tokenId) ?? 0) >= MAX_PER_TOKEN) {
      feed.close()
      return problem(tooMany())
    }
    count(principal.tokenId, 1)
    const unwatch = watch(() => feed.close())
    const body = eventStream(feed, () => {
      unwatch()
      count(principal.tokenId, -1)
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
  }

  return { open }
}

function tooMany(): GatewayError {
  return new GatewayError('too_many', `This token already follows the log ${MAX_PER_TOKEN} times.`, {
    fix: 'Close one of the others first.',
  })
}
