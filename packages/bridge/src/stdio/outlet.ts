import type { Writable } from 'node:stream'
import type { BridgeError } from '../bridge-error.ts'
import { inWords } from '../how-to-type.ts'
import { printable } from '../terminal/printable.ts'
import type { ClientMessage } from './client-message.ts'

/** The way to the client: protocol on stdout, words for people on stderr. */
export interface Outlet {
  /** Writes one message as one line. Resolves when the client may be given more. */
  write(line: string): void | Promise<void>
  /** Answers every request of the message with the error, and tells it once on stderr. */
  fail(message: ClientMessage, error: BridgeError): void
  /** Answers a line that is not a JSON-RPC message, and so has no id to answer to. */
  reject(line: string): void
  tell(sentence: string): void
}

/** `command` is what people type for `mcpgw`, and takes its place in what they are told. */
export function createOutlet(stdout: Writable, stderr: Writable, command: string): Outlet {
  let lastSentence = ''
  let drained: Promise<void> | undefined

  function write(line: string): void | Promise<void> {
    if (stdout.write(`${line}\n`)) return
    drained ??= new Promise((resolve) => {
      stdout.once('drain', () => {
        drained = undefined
        resolve()
      })
    })
    return drained
  }

  /** The same trouble met by every call is one line on stderr, not a hundred. */
  function tell(sentence: string): void {
    if (sentence === lastSentence) return
    lastSentence = sentence
    stderr.write(`mcpgw: ${printable(inWords(sentence, command))}\n`)
  }

  return {
    write,
    tell,
    fail(message, error) {
      for (const id of message.ids) write(errorLine(id, error, command))
      tell(error.sentence)
    },
    reject(line) {
      const error = { code: -32700, message: 'Not a JSON-RPC message.' }
      write(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
      tell(`the client sent a line that is not a JSON-RPC message (${line.length} characters).`)
    },
  }
}

/** -32603 means "internal error" in every revision; the reason for programs is in `data`. */
function errorLine(id: string | number, error: BridgeError, command: string): string {
  const fix = error.fix && inWords(error.fix, command)
  const data = { reason: error.reason, ...(fix === undefined ? {} : { fix }) }
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: -32603, message: inWords(error.sentence, command), data },
  })
}
