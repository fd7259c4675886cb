/**
 * A server written by hand, the same over every transport and in both eras. It writes its JSON itself and keeps what it
 * heard as text, so that a test can see every digit.
 */
type Json = Record<string, unknown>

export interface Heard {
  /** The method; `closed` when the one who asked closed the stream, `answered` for an answer to a question. */
  method: string
  /** The message as it came. */
  raw: string
}

export interface Request {
  /** The message as it came. */
  raw: string
  id: string | number
  method: string
  params: Json & { name?: string; arguments?: Json; cursor?: string; uri?: string }
}

/** What a transport offers while one request runs. */
export interface Wire {
  era: 'legacy' | 'modern'
  /** Sends a message that belongs to the request. */
  tell(json: string): void
  /** Asks the client and waits; legacy only. */
  ask(id: string, method: string, params: Json): Promise<Json>
  /** Sends a message that belongs to no request: on the standing stream, or to whoever listens. */
  announce(method: string): void
  /** Breaks the connection. */
  drop(): void
  /** Resolves when the request was cancelled, in whatever way the transport knows. */
  cancelled: Promise<void>
}

export type Reply = { result: string } | { error: string }

/** What the tool `exact` answers. No schema of any revision knows half of it. */
export const EXACT_CONTENT =
  '[{"type":"text","text":"plain","annotations":{"priority":0.5,"com.example/unknown":{"deep":[1,null,"é"]}}},' +
  '{"type":"com.example/hologram","voxels":9007199254740993,"scale":1e400,"fine":1234567890.123456789,' +
  '"_meta":{"com.example/kept":{"n":-9007199254740995}}}]'
export const EXACT_META = '{"com.example/trace":"abc","com.example/big":18446744073709551615}'
export const EXACT_STRUCTURE = '{"id":9007199254740993,"tiny":1e-400}'
const EXACT_RESULT = `{"content":${EXACT_CONTENT},"structuredContent":${EXACT_STRUCTURE},"_meta":${EXACT_META},"com.example.extra":{"unknown":true}}`

/** A definition with members that no revision knows. */
export const EXACT_DEFINITION =
  '"description":"Answers exactly.","inputSchema":{"type":"object","properties":{"n":{"type":"integer","maximum":9007199254740993}},"x-unknown":[1e400]},' +
  '"annotations":{"readOnlyHint":true,"com.example/hint":{"kept":true}},"_meta":{"com.example/icon":"9007199254740993"},"com.example.member":9007199254740993'

export const PROGRESS = [0.5, 1.25, 7]

const TOOLS = [
  'wait',
  'progress',
  'release',
  'log',
  'fail',
  'refuse',
  'drop',
  'ask-twice',
  'ask-url',
  'needs-url',
  'sample',
  'withdraw',
  'grow',
]

const questions = {
  first: {
    message: 'Your name?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  },
  second: {
    message: 'Your colour?',
    requestedSchema: { type: 'object', properties: { colour: { type: 'string' } }, required: ['colour'] },
  },
  url: { mode: 'url', message: 'Please sign in.', url: 'https://example.com/sign-in' },
}

export interface ScriptOptions {
  /** Tools beside the scripted ones, by name. */
  moreTools?: readonly string[]
  /** Offers nothing but `moreTools`. */
  onlyMoreTools?: boolean
  /** What it lists instead: the JSON of each tool, asked for anew with every list. */
  definitions?: () => readonly string[]
  pageSize?: number
  /** The one resource it has. */
  resourceUri?: string
  /** Until when it keeps back what resources it has. */
  resourcesAfter?: Promise<void>
  /** What tools say that are not scripted. */
  text?: string
}

export class Script {
  readonly #options: ScriptOptions
  readonly #record: (heard: Heard) => void
  readonly #grown: string[] = []
  #visits = 0
  #hold = Promise.withResolvers<void>()

  constructor(record: (heard: Heard) => void, options: ScriptOptions = {}) {
    this.#record = record
    this.#options = options
  }

  heard(method: string, raw: string): void {
    this.#record({ method, raw })
  }

  async answer(request: Request, wire: Wire): Promise<Reply> {
    const { method, params } = request
    switch (method) {
      case 'initialize':
        return { result: introduction(String(params.protocolVersion)) }
      case 'server/discover':
        return wire.era === 'modern' ? { result: DISCOVERY } : unknownMethod(method)
      case 'ping':
      case 'logging/setLevel':
        return wire.era === 'legacy' ? { result: '{}' } : unknownMethod(method)
      case 'tools/list':
        return { result: this.#page(params.cursor, wire.era) }
      case 'resources/list':
        await this.#options.resourcesAfter
        return {
          result: list(
            wire.era,
            `"resources":[{"uri":"${this.#options.resourceUri ?? 'scripted://same'}","name":"same","com.example.size":9007199254740993}]`,
          ),
        }
      case 'resources/templates/list':
        return {
          result: list(
            wire.era,
            '"resourceTemplates":[{"uriTemplate":"scripted://item/{id}","name":"item"}]',
          ),
        }
      case 'resources/read':
        return {
          result: list(
            wire.era,
            `"contents":[{"uri":${JSON.stringify(params.uri)},"text":"read","com.example.n":9007199254740993}]`,
          ),
        }
      case 'tools/call':
        return this.#call(request, wire)
      default:
        return unknownMethod(method)
    }
  }

  #page(cursor: string | undefined, era: Wire['era']): string {
    const { moreTools = [], onlyMoreTools = false, pageSize = 1_000 } = this.#options
    const names = [...(onlyMoreTools ? [] : TOOLS), ...moreTools, ...this.#grown]
    const all = names.map((name) => `{"name":${JSON.stringify(name)},"inputSchema":{"type":"object"}}`)
    if (!onlyMoreTools) all.unshift(`{"name":"exact",${EXACT_DEFINITION}}`, PEEK)
    const { definitions } = this.#options
    if (definitions !== undefined) return list(era, `"tools":[${definitions().join()}]`)
    const start = Number(cursor ?? 0)
    const more = start + pageSize < all.length ? `,"nextCursor":"${start + pageSize}"` : ''
    return list(era, `"tools":[${all.slice(start, start + pageSize).join()}]${more}`)
  }

  async #call(request: Request, wire: Wire): Promise<Reply> {
    const { params } = request
    const { name = '' } = params
    switch (name) {
      case 'exact':
        return complete(EXACT_RESULT, wire)
      case 'wait':
        await wire.cancelled
        return said('cancelled', wire)
      case 'progress':
        return progress(request, this.#hold.promise, wire)
      case 'log':
        for (const level of ['debug', 'info', 'error'])
          wire.tell(
            `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"${level}","data":"${level} said"}}`,
          )
        return said('logged', wire)
      case 'fail':
        return complete('{"content":[{"type":"text","text":"It failed."}],"isError":true}', wire)
      case 'refuse':
        return {
          error: '{"code":-31999,"message":"Refused.","data":{"com.example.why":9007199254740993}}',
        }
      case 'drop':
        wire.drop()
        return new Promise(() => {})
      case 'ask-twice':
        return askTwice(params, wire)
      case 'ask-url':
        return askForUrl(params, wire)
      case 'needs-url':
        return needsUrl(this.#visits++, params, wire)
      case 'sample':
        return sample(params, wire)
      case 'withdraw':
        return withdraw(wire)
      case 'release':
        this.#hold.resolve()
        this.#hold = Promise.withResolvers()
        return said('released', wire)
      case 'announce':
        wire.announce('notifications/tools/list_changed')
        return said('announced', wire)
      case 'grow':
        this.#grown.push(`grown-${this.#grown.length + 1}`)
        wire.announce('notifications/tools/list_changed')
        return said('grown', wire)
      default:
        return said(this.#options.text ?? `${name} was called`, wire)
    }
  }
}

/** Read-only, with an answer that every client understands. */
const PEEK = '{"name":"peek","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}'

function introduction(asked: string): string {
  const protocolVersion = /^202[45]-/.test(asked) ? asked : '2025-11-25'
  return `{"protocolVersion":"${protocolVersion}","capabilities":{"tools":{"listChanged":true},"resources":{},"logging":{}},"serverInfo":{"name":"scripted","version":"1"}}`
}

const DISCOVERY =
  '{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"resources":{},"logging":{}},"ttlMs":0,"cacheScope":"private"}'

function unknownMethod(method: string): Reply {
  return { error: `{"code":-32601,"message":"No method ${method}"}` }
}

function list(era: Wire['era'], members: string): string {
  const modern = era === 'modern' ? '"resultType":"complete","ttlMs":0,"cacheScope":"private",' : ''
  return `{${modern}${members}}`
}

function complete(result: string, { era }: Wire): Reply {
  return { result: era === 'modern' ? `{"resultType":"complete",${result.slice(1)}` : result }
}

function said(text: string, wire: Wire): Reply {
  return complete(JSON.stringify({ content: [{ type: 'text', text }] }), wire)
}

/**
 * Says how far it is, and is done at once, or with the argument `hold` when `release` is called: the SDKs' clients lose
 * progress that comes in one chunk with the answer.
 */
async function progress({ raw, params }: Request, released: Promise<void>, wire: Wire): Promise<Reply> {
  // As it was written: a number may have more digits than a double.
  const token = /"progressToken":("[^"]*"|[^,}]*)/.exec(raw)?.[1]
  for (const value of token === undefined ? [] : PROGRESS) {
    const params = `{"progressToken":${token},"progress":${value},"total":10,"message":"at ${value}","com.example.more":9007199254740993}`
    wire.tell(`{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}`)
  }
  if (params.arguments?.hold === true) await released
  return said('done', wire)
}

let asked = 0

/** Ids are unique in a session, whoever is asked. */
const nextId = (name: string) => `${name}-${++asked}`

const asElicitation = (params: Json): Json => ({ method: 'elicitation/create', params })

function inputRequired(inputRequests: Json, requestState?: string): Reply {
  return { result: JSON.stringify({ resultType: 'input_required', inputRequests, requestState }) }
}

async function askTwice(params: Request['params'], wire: Wire): Promise<Reply> {
  if (wire.era === 'legacy') {
    const first = await wire.ask(nextId('one'), 'elicitation/create', questions.first)
    const second = await wire.ask(nextId('two'), 'elicitation/create', questions.second)
    return said(JSON.stringify([first, second]), wire)
  }
  const answers = (params.inputResponses ?? {}) as Json
  if (answers.first === undefined && params.requestState === undefined)
    return inputRequired({ first: asElicitation(questions.first) }, 'asked once')
  if (answers.first !== undefined)
    return inputRequired(
      { second: asElicitation(questions.second) },
      `asked twice ${JSON.stringify(answers.first)}`,
    )
  const first = JSON.parse(String(params.requestState).replace('asked twice ', ''))
  return said(JSON.stringify([first, answers.second]), wire)
}

async function askForUrl(params: Request['params'], wire: Wire): Promise<Reply> {
  if (wire.era === 'legacy') {
    const asked = { ...questions.url, elicitationId: 'e-1' }
    return said(JSON.stringify(await wire.ask(nextId('url'), 'elicitation/create', asked)), wire)
  }
  const { url } = (params.inputResponses ?? {}) as Json
  if (url === undefined) return inputRequired({ url: asElicitation(questions.url) })
  return said(JSON.stringify(url), wire)
}

/** Legacy: refuses with -32042 at every first, third, … call, as if the page was visited in between. */
function needsUrl(visits: number, params: Request['params'], wire: Wire): Promise<Reply> | Reply {
  if (wire.era === 'modern') return askForUrl(params, wire)
  if (visits % 2 === 1) return said('signed in', wire)
  const elicitations = [{ ...questions.url, elicitationId: 'e-1' }]
  return {
    error: JSON.stringify({ code: -32042, message: 'Sign in first.', data: { elicitations } }),
  }
}

async function sample(params: Request['params'], wire: Wire): Promise<Reply> {
  const asked = {
    messages: [{ role: 'user', content: { type: 'text', text: 'Say something.' } }],
    maxTokens: 10,
    _meta: { 'com.example/kept': true },
  }
  if (wire.era === 'legacy')
    return said(JSON.stringify(await wire.ask(nextId('sample'), 'sampling/createMessage', asked)), wire)
  const { reply } = (params.inputResponses ?? {}) as Json
  if (reply === undefined)
    return inputRequired({ reply: { method: 'sampling/createMessage', params: asked } })
  return said(JSON.stringify(reply), wire)
}

/** Asks, and takes the question back before it is answered. */
async function withdraw(wire: Wire): Promise<Reply> {
  if (wire.era === 'modern') return said('Modern servers do not ask.', wire)
  const requestId = nextId('withdrawn')
  wire.ask(requestId, 'elicitation/create', questions.first).catch(() => {})
  const params = { requestId, reason: 'Never mind.' }
  wire.tell(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }))
  await new Promise((resolve) => setTimeout(resolve, 300))
  return said('withdrawn', wire)
}
