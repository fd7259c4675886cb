import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../model/error.ts'
import { NO_LIMITS, parseJson } from './json.ts'
import type { RequestId } from './message.ts'
import {
  type Incoming,
  inOnePiece,
  legacyReplyForModern,
  modernReplyForLegacy,
  parseReply,
  type Reply,
  readIncoming,
  replyFor,
  sizeOf,
  surelyComplete,
  surelyNoToolError,
} from './reply-bytes.ts'

const read = (text: string | Buffer) => readIncoming(Buffer.from(text))

function onlyReply(text: string | Buffer): Reply {
  const [first, ...others] = read(text)
  if (first?.kind !== 'reply' || others.length > 0) throw new Error('not one reply')
  return first.reply
}

const textOf = (bytes: Parameters<typeof inOnePiece>[0]) => inOnePiece(bytes).toString()

/** White space as JSON allows it, sometimes more of it than the quick look reaches. */
const gap = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[ \t\r\n]{0,2}$/) },
  { weight: 1, arbitrary: fc.constant(' '.repeat(100)) },
)

const lookAlike = fc.constantFrom(
  { jsonrpc: '2.0', id: 5 },
  { jsonrpc: '2.0', id: 5, result: {} },
  { result: { jsonrpc: '2.0', id: 5 } },
  { error: { code: 1, message: 'x' }, id: 9 },
  '"jsonrpc":"2.0","id":5}',
  '{"jsonrpc":"2.0","id":5,"result":',
  '"isError":true',
  '"resultType":"complete"',
)
const memberValue = fc.oneof(fc.jsonValue({ maxDepth: 2 }), lookAlike)
/** `__proto__` is left out where a reply has to be parsed, so that it can do no harm. */
const memberName = fc
  .oneof(fc.string(), fc.constantFrom('id', 'jsonrpc', 'result', 'content', 'isError', '_meta'))
  .filter((name) => name !== '__proto__')
const anyResult = fc.oneof(
  fc.constant({}),
  fc.dictionary(memberName, memberValue, {
    maxKeys: 4,
  }),
)
const anyError = fc.record({ code: fc.integer(), message: fc.string(), data: memberValue })

interface Written {
  text: string
  id: number
  body: { result: unknown } | { error: unknown }
}

/** A reply in any order of its members, with any white space, written out by hand. */
const writtenReply: fc.Arbitrary<Written> = fc
  .record({
    id: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 999_999_999_999_999 })),
    body: fc.oneof(
      anyResult.map((result) => ({ result })),
      anyError.map((error) => ({ error })),
    ),
    order: fc.shuffledSubarray(['jsonrpc', 'id', 'body'] as const, { minLength: 3 }),
    indent: fc.constantFrom(0, 2),
    gaps: fc.array(gap, { minLength: 13, maxLength: 13 }),
  })
  .map(({ id, body: drawn, order, indent, gaps }) => {
    // Without what JSON cannot tell, such as -0.
    const body: Written['body'] = JSON.parse(JSON.stringify(drawn))
    const [[key, value] = ['', undefined]] = Object.entries(body)
    const parts = {
      jsonrpc: ['jsonrpc', '"2.0"'],
      id: ['id', String(id)],
      body: [key, JSON.stringify(value, undefined, indent)],
    }
    const members = order.map((name, at) => {
      const [member, json] = parts[name]
      return `${gaps[at * 4]}"${member}"${gaps[at * 4 + 1]}:${gaps[at * 4 + 2]}${json}${gaps[at * 4 + 3]}`
    })
    return { text: `{${members.join()}}${gaps[12]}`, id, body }
  })

const callerId: fc.Arbitrary<RequestId> = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constantFrom<RequestId>('1', 'id'),
)

describe('a server’s reply', () => {
  it('is recognised however it is written, and says what a parser would say', () => {
    fc.assert(
      fc.property(writtenReply, ({ text, id, body }) => {
        const reply = onlyReply(text)
        expect(reply.id).toBe(id)
        expect(reply.isError).toBe('error' in body)
        expect(reply.bytes.toString('utf8', reply.idStart, reply.idEnd)).toBe(String(id))
        expect(parseReply(reply)).toEqual({ jsonrpc: '2.0', id, ...body })
      }),
      { numRuns: 1_000 },
    )
  })

  it('goes to its caller under the caller’s id, with nothing else changed', () => {
    fc.assert(
      fc.property(writtenReply, callerId, ({ text, body }, id) => {
        const sent = replyFor(onlyReply(text), id)
        expect(JSON.parse(textOf(sent))).toEqual({ jsonrpc: '2.0', id, ...body })
        expect(sizeOf(sent)).toBe(inOnePiece(sent).length)
      }),
      { numRuns: 1_000 },
    )
  })

  it('keeps numbers, escapes and key order that a parser would lose', () => {
    const result = '{"z":9007199254740993,"a":1e400,"t":"\\u00e4\\/","b":-0, "s" : 1.0}'
    const idFirst = onlyReply(`{"jsonrpc":"2.0","id":7,"result":${result}}`)
    expect(textOf(replyFor(idFirst, 'x'))).toBe(`{"jsonrpc":"2.0","id":"x","result":${result}}`)
    const idLast = onlyReply(`{"result":${result},"jsonrpc":"2.0","id":7}`)
    expect(textOf(replyFor(idLast, 'x'))).toBe(`{"result":${result},"jsonrpc":"2.0","id":"x"}`)
  })

  it('keeps numbers exactly also in an order that has to be parsed', () => {
    const reply = onlyReply('{"id":7,"jsonrpc":"2.0","result":{"n":9007199254740993}}')
    expect(textOf(replyFor(reply, 1))).toBe('{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993}}')
  })

  it('of many megabytes is passed on in pieces that are not copied', () => {
    const reply = onlyReply(`{"jsonrpc":"2.0","id":1,"result":{"text":"${'ä'.repeat(100_000)}"}}`)
    const sent = replyFor(reply, 'other')
    expect(Array.isArray(sent)).toBe(true)
    expect(sizeOf(sent)).toBe(reply.bytes.length + '"other"'.length - 1)
    expect(JSON.parse(textOf(sent)).result.text).toHaveLength(100_000)
  })

  it('under an id that an exact number names goes out with that number', () => {
    const reply = onlyReply('{"jsonrpc":"2.0","id":1,"result":{}}')
    const id = parseJson('9007199254740993', NO_LIMITS) as RequestId
    expect(textOf(replyFor(reply, id))).toBe('{"jsonrpc":"2.0","id":9007199254740993,"result":{}}')
  })

  it('is not taken from inside of something else', () => {
    const inner = '{"jsonrpc":"2.0","id":5,"result":{}}'
    for (const method of ['notifications/message', 'tools/call']) {
      const [incoming] = read(`{"jsonrpc":"2.0","method":"${method}","params":{"data":${inner}}}`)
      expect(incoming?.kind).toBe('notification')
    }
    const nested = onlyReply(`{"id":1,"jsonrpc":"2.0","result":${inner}}`)
    expect(nested.id).toBe(1)
  })
})

describe('a server that answers under an id of its own choice', () => {
  it.each([
    '{"jsonrpc":"2.0","id":1,"result":{},"id":2}',
    '{"jsonrpc":"2.0","id":1,"result":{"a":"}"},"x":{"y":[{}]},"id":2}',
    '{"jsonrpc":"2.0","id":1,"result":{},"id":2,"x":{"y":{}}}',
    '{"jsonrpc":"2.0","id":1,"result":{},"\\u0069d":2}',
    '{"jsonrpc":"2.0","id":1,"result":{},"i\\u0064":2}',
    '{"jsonrpc":"2.0","id":1,"result":{},"\\u0069\\u0064":2}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"},"id":2}',
    '{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"result":{}}\n\n{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"result":{},"id":2,"jsonrpc":"2.0","id":1}',
    '{"result":{},"jsonrpc":"2.0","id":1},{"result":{},"jsonrpc":"2.0","id":2}',
  ])('cannot answer another request of the same client: %s', (text) => {
    let sent: string[] = []
    try {
      sent = read(text).map((incoming) =>
        incoming.kind === 'reply' ? textOf(replyFor(incoming.reply, 7)) : 'none',
      )
    } catch (error) {
      expect(error).toMatchObject({ code: 'upstream_invalid' })
    }
    // As a client reads it, which takes the last of several members of one name.
    expect(sent.map((message) => JSON.parse(message).id)).toEqual(sent.map(() => 7))
  })
})

describe('other things that a server sends', () => {
  it('are told apart, in order, also when several come at once', () => {
    const messages = [
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}}',
      '{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}}',
      '{"jsonrpc":"2.0","id":3,"result":{"n":9007199254740993}}',
      '{"jsonrpc":"2.0","id":4,"error":{"code":-1,"message":"no"}}',
    ]
    const incoming = read(`[${messages.join()}]`)
    expect(incoming.map(({ kind }) => kind)).toEqual(['notification', 'request', 'reply', 'reply'])
    const replies = incoming.filter(
      (one): one is Extract<Incoming, { kind: 'reply' }> => one.kind === 'reply',
    )
    expect(replies.map(({ reply }) => textOf(replyFor(reply, 1)))).toEqual([
      '{"jsonrpc":"2.0","id":1,"result":{"n":9007199254740993}}',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}',
    ])
    expect(read('[]')).toEqual([])
  })

  it.each([
    '',
    'not json',
    '<html></html>',
    'null',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":null,"result":{}}',
    '{"jsonrpc":"2.0","id":-1,"result":{}}',
    '{"jsonrpc":"2.0","id":1.5,"result":{}}',
    '{"jsonrpc":"2.0","id":9007199254740993,"result":{}}',
    '{"jsonrpc":"2.0","id":"one","result":{}}',
    '{"jsonrpc":"1.0","id":1,"result":{}}',
  ])('are refused as no JSON-RPC: %j', (text) => {
    expect(() => read(text)).toThrow(GatewayError)
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'upstream_invalid' }))
  })

  it('are refused as too large when they would have to be parsed and are nested too deeply', () => {
    const nested = `{"id":1,"jsonrpc":"2.0","result":${'[{"a":'.repeat(150)}1${'}]'.repeat(150)}}`
    expect(() => read(nested)).toThrow(expect.objectContaining({ code: 'too_large' }))
  })

  it('never make the reader throw anything unforeseen', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          writtenReply.map(({ text }) => text.slice(0, -1)),
        ),
        (text) => {
          try {
            for (const incoming of read(text)) if (incoming.kind === 'reply') parseReply(incoming.reply)
          } catch (error) {
            expect(error).toMatchObject({ code: 'upstream_invalid' })
          }
        },
      ),
    )
  })
})

describe('a result for a client of the other era', () => {
  const withGaps = fc.tuple(anyResult, fc.constantFrom(0, 2), gap, callerId)

  it('becomes a modern one by one member more', () => {
    fc.assert(
      fc.property(withGaps, ([result, indent, space, id]) => {
        const json = JSON.stringify(result, undefined, indent)
        for (const text of [
          `{"jsonrpc":"2.0","id":1,"result":${space}${json}}`,
          `{"result":${space}${json},"jsonrpc":"2.0","id":1}`,
        ]) {
          const sent = legacyReplyForModern(onlyReply(text), id)
          if (sent === undefined) continue
          expect(JSON.parse(textOf(sent))).toEqual({
            jsonrpc: '2.0',
            id,
            result: { resultType: 'complete', ...JSON.parse(json) },
          })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is made modern without parsing in the usual case, and parsed where the quick way would lie', () => {
    const quick = (result: string) =>
      legacyReplyForModern(onlyReply(`{"jsonrpc":"2.0","id":1,"result":${result}}`), 1)
    expect(quick('{"content":[]}')).toBeDefined()
    expect(quick('{ "content" : [] }')).toBeDefined()
    expect(quick('{}')).toBeUndefined()
    expect(quick('{ }')).toBeUndefined()
    expect(quick('{"resultType":"input_required"}')).toBeUndefined()
    expect(quick('{"content":[],"resultType":"x"}')).toBeUndefined()
  })

  it('becomes a legacy one by one member less', () => {
    fc.assert(
      fc.property(withGaps, ([rest, indent, space, id]) => {
        const result = { resultType: 'complete', ...rest }
        const json = JSON.stringify(result, undefined, indent)
        for (const text of [
          `{"jsonrpc":"2.0","id":1,"result":${space}${json}}`,
          `{"result":${space}${json},"jsonrpc":"2.0","id":1}`,
        ]) {
          const sent = modernReplyForLegacy(onlyReply(text), id)
          if (sent === undefined) continue
          const { resultType, ...legacy } = JSON.parse(json)
          expect(JSON.parse(textOf(sent))).toEqual({ jsonrpc: '2.0', id, result: legacy })
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is made legacy without parsing only where nothing needs translation', () => {
    const quick = (result: string) =>
      modernReplyForLegacy(onlyReply(`{"jsonrpc":"2.0","id":1,"result":${result}}`), 1)
    expect(quick('{"resultType":"complete","content":[]}')).toBeDefined()
    expect(quick('{ "resultType" : "complete" , "content":[]}')).toBeDefined()
    expect(quick('{"content":[],"resultType":"complete"}')).toBeUndefined()
    expect(quick('{"resultType":"complete"}')).toBeUndefined()
    expect(quick('{"resultType":"input_required","content":[]}')).toBeUndefined()
    expect(quick('{"resultType":"complete","structuredContent":[1]}')).toBeUndefined()
  })
})

describe('what the bytes alone show', () => {
  const reply = (result: string) => onlyReply(`{"jsonrpc":"2.0","id":1,"result":${result}}`)

  it('never passes a tool’s error off as success', () => {
    fc.assert(
      fc.property(anyResult, fc.constantFrom(0, 1, 2), (rest, indent) => {
        const result = JSON.stringify({ ...rest, isError: true }, undefined, indent)
        expect(surelyNoToolError(reply(result))).toBe(false)
      }),
    )
    for (const text of [
      '{"isError":true}',
      '{"isError" : true}',
      '{"isError":\n\ttrue}',
      '{"isError":false,"x":{"isError":true}}',
    ])
      expect(surelyNoToolError(reply(text))).toBe(false)
  })

  it('shows most successes without parsing', () => {
    for (const text of ['{}', '{"content":[]}', '{"content":[],"isError":false}', '{"text":"isError true"}'])
      expect(surelyNoToolError(reply(text))).toBe(true)
  })

  it('never passes a question off as a complete result', () => {
    for (const text of [
      '{"resultType":"input_required"}',
      '{"a":1,"resultType":"input_required"}',
      '{ "resultType" : "input_required" , "a":1}',
    ])
      expect(surelyComplete(reply(text))).toBe(false)
  })

  it('shows that a result is complete also where a text speaks of questions', () => {
    expect(surelyComplete(reply('{"resultType":"complete","text":"input_required"}'))).toBe(true)
    expect(surelyComplete(reply('{"resultType":"complete","x":{"resultType":"input_required"}}'))).toBe(true)
    expect(surelyComplete(reply('{"content":[]}'))).toBe(true)
  })
})

describe('parsing a reply', () => {
  it('refuses what turns out to be no JSON behind a good beginning', () => {
    for (const text of [
      '{"jsonrpc":"2.0","id":1,"result":{]',
      '{"jsonrpc":"2.0","id":1,"result":5}',
      '{"jsonrpc":"2.0","id":1,"result":{}} x',
    ])
      expect(() => parseReply(onlyReply(text))).toThrow(expect.objectContaining({ code: 'upstream_invalid' }))
  })
})
