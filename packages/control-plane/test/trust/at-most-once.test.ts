import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ControlPlane } from '../control-plane.ts'
import { modernText, openLegacy, postModern } from '../gateway/raw-clients.ts'
import { type Era, startTiny, type Tiny } from './tiny-upstream.ts'

const ERAS: Era[] = ['legacy', 'modern']
const open = new AsyncDisposableStack()
let plane: ControlPlane

beforeAll(async () => {
  plane = open.use(await ControlPlane.start())
})

afterAll(() => open.disposeAsync())

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n'
const EVENTS = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** What is said before the connection is cut, and whether the tool has run by then. */
const CUTS: Record<string, string> = {
  'as soon as the call has arrived': '',
  'in the middle of the headers': 'HTTP/1.1 200 OK\r\ncontent-ty',
  'behind the headers': `${HEAD}\r\n`,
  'in the middle of a JSON body': `${HEAD}\r\n{"jsonrpc":"2.0","id":`,
  'before the first event': EVENTS,
  'in the middle of an event': `${EVENTS}${chunk('data: {"jsonrpc":"2.0",')}`,
  'behind a notification': `${EVENTS}${chunk('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n')}`,
}

/** Passes the connections of the gateway on to a good server, and cuts the one on which a call comes. */
async function startCutting(target: Tiny, cut: () => string, onExecution: () => void): Promise<Tiny> {
  const { connect } = await import('node:net')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(target.port, '127.0.0.1')
    for (const each of [socket, onward]) {
      sockets.add(each)
      each.on('error', () => {})
      each.on('close', () => {
        socket.destroy()
        onward.destroy()
      })
    }
    onward.pipe(socket)
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes
      // The body that names the tool has come whole: what runs tools has run it.
      if (!/"method":"tools\/call"/.test(said)) return void onward.write(bytes)
      if (!said.endsWith('}')) return
      onExecution()
      said = ''
      onward.unpipe(socket)
      socket.write(cut(), () => socket.resetAndDestroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe.each(ERAS.flatMap((server) => ERAS.map((client) => ({ client, server }))))(
  '[R11] a call of a $client client to a $server server whose connection breaks',
  ({ client, server }) => {
    it.each(Object.entries(CUTS))('%s runs once at most, and is answered by an error', async (what, said) => {
      let executions = 0
      await using good = await startTiny(server, { tools: ['pay'] })
      await using cutting = await startCutting(
        good,
        () => said,
        () => {
          executions++
        },
      )
      const slug = `r11-${client[0]}${server[0]}-${Object.keys(CUTS).indexOf(what)}`
      const { url, token } = await plane.workspace(slug)
      await plane.addServer(slug, { name: 'bank', url: cutting.url })
      const params = '"name":"bank__pay","arguments":{}'
      const reply =
        client === 'modern'
          ? await postModern(url, token, modernText(3, 'tools/call', params))
          : await (await openLegacy(url, token))(
              `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{${params}}}`,
            )
      expect(JSON.stringify(reply.last)).toMatch(/connection|ended its answer/)
      expect(executions).toBe(1)
      const { items } = await plane.api('GET', `/workspaces/${slug}/audit?tool=pay`)
      expect(items).toMatchObject([{ tool: 'pay', outcome: 'unreachable' }])
    })
  },
)
