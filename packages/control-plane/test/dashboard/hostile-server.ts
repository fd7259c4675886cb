import { answerJson, type SmallUpstream, startHttp } from '../resilience/small-upstream.ts'

type Json = Record<string, unknown>

/** The tool whose form and whose answer hold every text at once. */
export const ALL_AT_ONCE = 'all-at-once'

/** A server that writes texts wherever a server can write: one tool for each, and one that has all of them. */
export function startHostile(texts: readonly string[]): Promise<SmallUpstream> {
  return serve([...texts.map(toolOf), allAtOnce(texts)], (name) => answerOf(name, texts))
}

/** A server whose tools are called like that. */
export function startHostileNames(texts: readonly string[]): Promise<SmallUpstream> {
  return serve(
    texts.map((name) => ({ name, inputSchema: { type: 'object' } })),
    (name) => ({ result: said(name) }),
  )
}

export const toolName = (index: number) => `t${index}`

function toolOf(text: string, index: number): Json {
  return {
    name: toolName(index),
    title: text,
    description: text,
    inputSchema: {
      type: 'object',
      title: text,
      properties: { [text]: { type: 'string', description: text } },
    },
    annotations: { title: text, readOnlyHint: true },
    icons: [{ src: text, mimeType: text }],
  }
}

function allAtOnce(texts: readonly string[]): Json {
  const properties = texts.map((text, index) => [
    `p${index}`,
    index % 2 === 0
      ? { type: 'string', title: text, description: text, default: text, examples: [text] }
      : { type: 'string', enum: [text, 'other'], description: text, format: text },
  ])
  return {
    name: ALL_AT_ONCE,
    description: texts.join('\n'),
    inputSchema: { type: 'object', properties: Object.fromEntries(properties) },
    outputSchema: { type: 'object', description: texts[0] },
  }
}

const said = (text: string): Json => ({ content: [{ type: 'text', text }] })

/** As results, as errors of tools and as errors of the protocol, in turn. */
function answerOf(name: string, texts: readonly string[]): Json {
  if (name === ALL_AT_ONCE) return { result: { content: texts.flatMap(blocksOf) } }
  const index = Number(name.slice(1))
  const text = texts[index] ?? ''
  if (index % 3 === 0) return { result: said(text) }
  if (index % 3 === 1) return { result: { ...said(text), isError: true } }
  return { error: { code: -32_000, message: text, data: { text } } }
}

function blocksOf(text: string): Json[] {
  return [
    { type: 'text', text },
    { type: 'resource_link', uri: text, name: text, title: text, description: text, mimeType: text },
    { type: 'image', mimeType: text, data: text },
    { type: 'image', mimeType: 'image/svg+xml', data: Buffer.from(text).toString('base64') },
    { type: 'image', mimeType: 'image/png', data: `${text}"` },
    { type: 'audio', mimeType: 'audio/wav', data: text },
    { type: 'resource', resource: { uri: text, mimeType: 'text/html', text } },
    { type: text, text },
  ]
}

/** A legacy server without sessions. */
function serve(tools: readonly Json[], answer: (name: string) => Json): Promise<SmallUpstream> {
  return startHttp(async (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(405).end()
    let text = ''
    for await (const chunk of request) text += chunk
    const { id, method, params } = JSON.parse(text)
    const reply = (message: Json) => answerJson(response, { jsonrpc: '2.0', id, ...message })
    if (method === 'server/discover') return void response.writeHead(400).end()
    if (id === undefined) return void response.writeHead(202).end()
    if (method === 'initialize') {
      const serverInfo = { name: 'hostile', version: '1' }
      return reply({ result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } })
    }
    return reply(method === 'tools/list' ? { result: { tools } } : answer(params.name))
  })
}
