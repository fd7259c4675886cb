import { GatewayError } from '../model/error.ts'
import type { Server } from '../model/server.ts'
import type { PeerListener } from './peer.ts'

/** However much progress is reported, nothing runs longer. */
const LONGEST_MS = 60 * 60_000

type Cancel = (reason: string) => void

/**
 * Starts a request and ends it when the server's time limit passes. Progress starts the limit anew, and it does not
 * run while the client is being asked something: people are slower than servers. `progress` tells what the server
 * waits for before it can be called at all.
 */
export function runLimited(
  server: Server,
  listener: PeerListener,
  start: (limited: PeerListener) => Cancel,
  progress: () => string | undefined = () => undefined,
): Cancel {
  const startedAt = performance.now()
  let settled = false
  let asking = 0
  let cancel: Cancel = () => {}

  const expire = () => {
    if (settled) return
    if (asking > 0 && performance.now() - startedAt < LONGEST_MS) return void timer.refresh()
    settled = true
    const busyWith = progress()
    cancel('The time limit has passed.')
    listener.failure({ kind: 'broken', error: timeLimitPassed(server, busyWith) })
  }
  const timer = setTimeout(expire, server.timeoutMs)
  const settle = () => {
    if (settled) return false
    settled = true
    clearTimeout(timer)
    return true
  }

  cancel = start({
    notification(message) {
      if (settled) return
      const isProgress = message.method === 'notifications/progress'
      if (isProgress && performance.now() - startedAt < LONGEST_MS) timer.refresh()
      listener.notification(message)
    },
    async request(message, withdrawn) {
      asking++
      try {
        return await listener.request(message, withdrawn)
      } finally {
        asking--
        timer.refresh()
      }
    },
    reply(reply) {
      if (settle()) listener.reply(reply)
    },
    failure(failure) {
      if (settle()) listener.failure(failure)
    },
  })
  return (reason) => {
    if (settle()) cancel(reason)
  }
}

function timeLimitPassed({ name, timeoutMs }: Server, busyWith: string | undefined): GatewayError {
  if (busyWith !== undefined)
    return new GatewayError('upstream_timeout', `"${name}" cannot be called yet. ${busyWith}`, {
      fix: 'Try again in some minutes.',
    })
  return new GatewayError(
    'upstream_timeout',
    `"${name}" did not answer within ${timeoutMs / 1000} seconds.`,
    {
      fix: "If the tool needs longer, raise the server's timeoutMs.",
    },
  )
}
