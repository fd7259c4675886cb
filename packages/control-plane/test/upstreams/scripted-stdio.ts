/** The scripted server as a program: `scripted-stdio.ts ERA FOLDER` appends what it heard to `heard.jsonl` in FOLDER, one JSON a line. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Request, Script, type Wire } from './script.ts'
import { LegacyConversation, responseOf } from './scripted-http.ts'

const [era = 'legacy', folder = '.'] = process.argv.slice(2)
const log = join(folder, 'heard.jsonl')
const script = new Script((entry) => appendFileSync(log, `${JSON.stringify(entry)}\n`))
const send = (json: string) => void process.stdout.write(`${json}\n`)
const drop = () => process.exit(3)

createInterface({ input: process.stdin }).on('line', era === 'legacy' ? serveLegacy() : serveModern())

function serveLegacy(): (raw: string) => void {
  const conversation = new LegacyConversation(script)
  conversation.announce = send
  return (raw) => void conversation.receive(raw, send, drop)
}

function serveModern(): (raw: string) => void {
  const cancels = new Map<string, () => void>()
  const listeners = new Set<string | number>()

  function announce(method: string): void {
    for (const id of listeners) {
      const params = { _meta: { 'io.modelcontextprotocol/subscriptionId': id } }
      send(JSON.stringify({ jsonrpc: '2.0', method, params }))
    }
  }

  return (raw) => {
    // The gateway under test wrote this.
    const message = JSON.parse(raw) as Request
    script.heard(message.method, raw)
    if (message.method === 'notifications/cancelled') cancels.get(String(message.params.requestId))?.()
    if (message.id === undefined) return
    if (message.method === 'subscriptions/listen') {
      listeners.add(message.id)
      return announce('notifications/subscriptions/acknowledged')
    }
    const wire: Wire = {
      era: 'modern',
      tell: send,
      drop,
      announce,
      ask: () => Promise.reject(new Error('Modern servers do not ask.')),
      cancelled: new Promise((resolve) => cancels.set(String(message.id), resolve)),
    }
    void script.answer({ ...message, raw }, wire).then((reply) => {
      const wasCancelled = !cancels.delete(String(message.id))
      if (!wasCancelled) send(responseOf(message.id, reply))
    })
  }
}
