import type { ServerResponse } from 'node:http'
import { ANSWER_HEADERS } from './answer-headers.ts'
import type { SlowReaders } from './slow-readers.ts'

const DATA = Buffer.from('\ndata: ')
const END = Buffer.from('\n\n')
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Proxies and clients take a silent stream for a dead one after 30 to 60 seconds. */
const KEEP_ALIVE_MS = 15_000

const open = new Map<ServerResponse, SlowReaders>()
setInterval(keepAlive, KEEP_ALIVE_MS).unref()

/** Begins a stream of server-sent events, kept alive until it ends. The response must not be closed yet. */
export function openEventStream(
  response: ServerResponse,
  readers: SlowReaders,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    ...ANSWER_HEADERS,
    // Keeps nginx from holding events back.
    'x-accel-buffering': 'no',
    ...headers,
  })
  response.flushHeaders()
  open.set(response, readers)
  response.once('close', () => open.delete(response))
}

function keepAlive(): void {
  for (const response of open.keys()) if (!response.writableEnded) response.write(': keep-alive\n\n')
}

/** Writes JSON as an event; false when the stream has ended, or its reader was too slow and it was cut. */
export function writeEvent(response: ServerResponse, json: Buffer, event = 'message'): boolean {
  // An ended stream stays open until its reader has read the rest: writing to it then would end the process.
  if (response.destroyed || response.writableEnded) return false
  // Judged before the message is added: one large message is no sign of a slow reader.
  const readers = open.get(response)
  if (readers?.isFlooded(response)) {
    response.destroy()
    return false
  }
  response.write(Buffer.concat([Buffer.from(`event: ${event}`), DATA, onOneLine(json), END]))
  readers?.watch(response)
  return true
}

/** A line end inside of JSON is white space, but would end the event's data line. */
function onOneLine(json: Buffer): Buffer {
  if (json.indexOf(LINE_FEED) === -1 && json.indexOf(CARRIAGE_RETURN) === -1) return json
  const copy = Buffer.from(json)
  for (let at = 0; at < copy.length; at++)
    if (copy[at] === LINE_FEED || copy[at] === CARRIAGE_RETURN) copy[at] = 0x20
  return copy
}
