import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  EXACT_CONTENT,
  EXACT_DEFINITION,
  EXACT_META,
  EXACT_STRUCTURE,
  PROGRESS,
} from '../upstreams/script.ts'
import { CLIENTS, type Era, type Way } from './clients.ts'
import { initialize, legacyText, modernText, openLegacy, postModern, startRawBridge } from './raw-clients.ts'
import { KINDS, openScriptedWorkspace, type ScriptedWorkspace } from './scripted-workspace.ts'

const open = new AsyncDisposableStack()
let workspace: ScriptedWorkspace

beforeAll(async () => {
  workspace = open.use(await openScriptedWorkspace())
}, 30_000)

afterAll(() => open.disposeAsync(), 15_000)

/** Sends one request, given as the JSON of its params' members, and answers the text of all that came back. */
type AskAll = (id: number, method: string, params: string, meta?: string) => Promise<string[]>

async function openRaw(era: Era, way: Way): Promise<AskAll> {
  const { url, token } = workspace
  const textOf = era === 'modern' ? modernText : legacyText
  const body = (id: number, method: string, params: string, meta = '') =>
    era === 'legacy' && meta !== ''
      ? legacyText(id, method, `${params},"_meta":{${meta}}`)
      : textOf(id, method, params, meta)
  if (way === 'directly' && era === 'modern')
    return async (...request) => (await postModern(url, token, body(...request))).messages
  if (way === 'directly') {
    const send = await openLegacy(url, token)
    return async (...request) => (await send(body(...request))).messages
  }
  const bridge = open.use(startRawBridge(url, token))
  if (era === 'legacy') await initialize(bridge)
  return async (...request) => {
    const before = bridge.lines.length
    bridge.send(body(...request))
    await bridge.answerTo(request[0])
    return bridge.lines.slice(before)
  }
}

const ARGUMENTS =
  '{"n":9007199254740993,"negative":-9007199254740995,"huge":1e400,"fine":1234567890.123456789,"nested":[{"com.example/unknown":[null,true,"\\u00e9 é"]}]}'
const META = '"com.example/kept":{"n":9007199254740993,"list":[1e400]},"com.example/also":"yes"'

let id = 100

describe.each(CLIENTS)('a $era client $way', ({ era, way }) => {
  let askAll: AskAll
  const ask = async (...request: Parameters<AskAll>) => (await askAll(...request)).at(-1) ?? ''

  beforeAll(async () => {
    askAll = await openRaw(era, way)
  }, 15_000)

  it.each(KINDS)(
    'receives unknown content, annotations, _meta and numbers of %s as they are',
    async (kind) => {
      const answer = await ask(++id, 'tools/call', `"name":"${kind}__exact","arguments":{}`)
      expect(answer).toContain(`"content":${EXACT_CONTENT}`)
      expect(answer).toContain(`"structuredContent":${EXACT_STRUCTURE}`)
      expect(answer).toContain(EXACT_META.slice(1, -1))
      expect(answer).toContain('"com.example.extra":{"unknown":true}')
    },
  )

  it.each(KINDS)('sends arguments and _meta to %s as they are', async (kind) => {
    const before = workspace.heard(kind).length
    await ask(++id, 'tools/call', `"name":"${kind}__fail","arguments":${ARGUMENTS}`, META)
    const heard = workspace
      .heard(kind)
      .slice(before)
      .find(({ method }) => method === 'tools/call')
    // The escape stands for the same letter, and may be written as such.
    expect(heard?.raw.replace('é é', '\\u00e9 é')).toContain(`"arguments":${ARGUMENTS}`)
    expect(heard?.raw).toContain(META)
    expect(heard?.raw).toContain('"name":"fail"')
    expect(heard?.raw).not.toContain(workspace.token)
  })

  it.each(KINDS)('receives the error of %s with its own code and data', async (kind) => {
    const answer = await ask(++id, 'tools/call', `"name":"${kind}__refuse","arguments":{}`)
    expect(answer).toContain('"code":-31999')
    expect(answer).toContain('"message":"Refused."')
    expect(answer).toContain('"data":{"com.example.why":9007199254740993}')
  })

  it.each(KINDS)('hears the progress of %s before its answer, under its own token', async (kind) => {
    for (const token of ['"my token"', '9007199254740993', '0']) {
      const params = `"name":"${kind}__progress","arguments":{}`
      const messages = await askAll(++id, 'tools/call', params, `"progressToken":${token}`)
      expect(messages).toHaveLength(PROGRESS.length + 1)
      for (const [at, value] of PROGRESS.entries()) {
        expect(messages[at]).toContain('"method":"notifications/progress"')
        expect(messages[at]).toContain(`"progressToken":${token}`)
        expect(messages[at]).toContain(`"progress":${value},`)
        expect(messages[at]).toContain('"com.example.more":9007199254740993')
      }
      expect(messages.at(-1)).toContain(`"id":${id},`)
    }
  })

  it('lists definitions as they are', async () => {
    const tools = await ask(++id, 'tools/list', '')
    for (const kind of KINDS) expect(tools).toContain(`{"name":"${kind}__exact",${EXACT_DEFINITION}}`)
    expect(await ask(++id, 'resources/list', '')).toContain('"com.example.size":9007199254740993')
  })

  it('reads resources as they are', async () => {
    const uri = `mcpgw://legacy-http/${encodeURIComponent('scripted://same')}`
    const answer = await ask(++id, 'resources/read', `"uri":"${uri}"`)
    expect(answer).toContain(`{"uri":"${uri}","text":"read","com.example.n":9007199254740993}`)
  })

  it('is answered under the id it chose, whatever that is', async () => {
    // The first of these has no exact double: a client that uses it wants exactly it back.
    const { url, token } = workspace
    if (way !== 'directly') return
    const body = (own: string) =>
      (era === 'modern' ? modernText : legacyText)(
        7,
        'tools/call',
        '"name":"legacy-http__exact","arguments":{}',
      ).replace('"id":7', `"id":${own}`)
    const send =
      era === 'modern' ? (text: string) => postModern(url, token, text) : await openLegacy(url, token)
    for (const own of ['9007199254740993', '"9007199254740993"', '"é \\" {}"', '0', '-1'])
      expect((await send(body(own))).messages.at(-1)).toContain(`"id":${own}`)
  })
})
