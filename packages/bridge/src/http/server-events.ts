import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { BridgeError } from '../bridge-error.ts'
import type { Reply } from './exchange.ts'

/** One event of a reply. `text` is undefined for an event that only carries an id or a delay. */
export interface ServerEvent {
  readonly text: string | undefined
  readonly eventId: string | undefined
  readonly retryMs: number | undefined
}

/** The texts inside a reply, whether it is one JSON document or a stream of events. */
export async function* readEvents(reply: Reply): AsyncGenerator<ServerEvent> {
  const contentType = reply.headers['content-type']?.toLowerCase() ?? ''
  if (contentType.startsWith('text/event-stream')) return yield* readStream(reply)

  const text = await readText(reply)
  if (text.trim() === '') return
  if (!contentType.includes('json')) {
    throw new BridgeError(
      'not_mcp',
      `The workspace URL answered with ${contentType || 'an unknown type'}, not MCP.`,
      {
        fix: 'Check the workspace URL.',
      },
    )
  }
  yield { text, eventId: undefined, retryMs: undefined }
}

async function* readStream(reply: Reply): AsyncGenerator<ServerEvent> {
  const events: EventSourceMessage[] = []
  let retryMs: number | undefined
  let eventId: string | undefined
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (delayMs) => {
      retryMs = delayMs
    },
  })
  const decoder = new TextDecoder()
  for await (const chunk of reply.body) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const event of events.splice(0)) {
      eventId = event.id ?? eventId
      yield { text: event.data === '' ? undefined : event.data, eventId, retryMs }
    }
  }
}

/** Reads at most `maxBytes`; what is longer is cut, which is good enough for error pages. */
export async function readText(reply: Reply, maxBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of reply.body) {
    chunks.push(chunk)
    length += chunk.length
    if (length > maxBytes) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
