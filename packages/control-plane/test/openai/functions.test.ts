import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildIndex } from '../../src/aggregation/workspace-index.ts'
import { FORMATS } from '../../src/http/openai/formats/all.ts'
import type { FunctionCall } from '../../src/http/openai/formats/format.ts'
import { functionResult } from '../../src/http/openai/function-result.ts'
import { withoutRootChoices } from '../../src/http/openai/parameters.ts'
import type { Server } from '../../src/model/server.ts'
import { chatTools, responsesTools } from './published-rules.ts'

const LIMITS = { maxDepth: 64, maxTokens: 10_000 }
const server = (name: string, prefix: Server['prefix']): Server =>
  // The cast: of a server, names are made of these alone.
  ({ id: name, name, prefix, tools: {} }) as unknown as Server

/** Names as servers choose them: long, with dots and emoji, empty words, and made to look like each other. */
const toolName = fc.oneof(
  fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme' }),
  fc.string({ minLength: 190, maxLength: 200, unit: fc.constantFrom('a', '.', '/', '🦊') }),
  fc.constantFrom('search', 'search.code', 'search_code', 'search/code', 'search code', '🦊', 'a__b', 'b'),
)

const keyword = fc.constantFrom(
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'enum',
  'required',
  'title',
  '$defs',
  'x-more',
)
const leaf = fc.constantFrom<Record<string, unknown>>(
  { type: 'string' },
  { type: 'array' },
  { type: ['array', 'null'] },
  { type: 'array', items: { type: 'array' } },
  { type: 'integer', minimum: 1, default: 3 },
  { enum: ['type', 'array'] },
  {},
)
const schemas: fc.Arbitrary<Record<string, unknown>> = fc.letrec<{ schema: Record<string, unknown> }>(
  (tie) => ({
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.record(
        {
          type: fc.constant('object'),
          properties: fc.dictionary(fc.string({ maxLength: 20 }), tie('schema'), { maxKeys: 4 }),
          required: fc.array(fc.string({ maxLength: 20 }), { maxLength: 2 }),
          additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
          anyOf: fc.array(tie('schema'), { maxLength: 2 }),
        },
        { requiredKeys: ['type'] },
      ),
    ),
  }),
).schema
const inputSchema = fc
  .tuple(schemas, fc.dictionary(keyword, fc.jsonValue(), { maxKeys: 2 }))
  .map(([schema, more]) => asJson({ ...schema, ...onlySound(more), type: 'object' }))

/** What JSON does not hold, such as -0, comes from no server. */
function asJson(schema: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema))
}

/** At the root anything may stand; below, what is no schema is no tool's. */
function onlySound({ $defs: _, ...more }: Record<string, unknown>): Record<string, unknown> {
  return more
}

describe('tools of any names and schemas', () => {
  it('are functions that the published rules allow, under names that lead back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(toolName, { minLength: 1, maxLength: 20 }),
        fc.array(inputSchema, { minLength: 20, maxLength: 20 }),
        fc.constantFrom<Server['prefix']>('always', 'on-collision', 'never'),
        (names, found, prefix) => {
          const tools = names.map((name, at) => ({ name, inputSchema: found[at] ?? { type: 'object' } }))
          const offer = { tools, prompts: [], resources: [], templates: [] }
          const offers = ['alpha', 'beta'].map((name) => ({ server: server(name, prefix), ...offer }))
          const index = buildIndex(offers)
          expect(index.tools.size).toBe(names.length * 2)
          const back = [...index.tools].map(([shown, route]) => [
            route.server.name,
            route.own,
            route.shown === shown,
          ])
          expect(back).toEqual(['alpha', 'beta'].flatMap((name) => names.map((own) => [name, own, true])))
          expect([...buildIndex(offers).tools.keys()]).toEqual([...index.tools.keys()])
          const listed = [...index.tools.values()].map(({ shown, definition }) => ({
            name: shown,
            description: undefined,
            inputSchema: definition.inputSchema as Record<string, unknown>,
          }))
          const [chat, responses] = FORMATS
          expect(chatTools.safeParse(listed.map((tool) => chat?.tool(tool))).error).toBeUndefined()
          expect(responsesTools.safeParse(listed.map((tool) => responses?.tool(tool))).error).toBeUndefined()
        },
      ),
      { numRuns: 200 },
    )
  })

  it('keep their schemas whole, but for choices at the root, which the description tells', () => {
    fc.assert(
      fc.property(inputSchema, (schema) => {
        const { inputSchema: kept, description = '' } = withoutRootChoices({
          description: undefined,
          inputSchema: schema,
        })
        const [, told = '{}'] = /this JSON Schema: (.*)$/s.exec(description) ?? []
        expect({ ...kept, ...JSON.parse(told) }).toEqual(schema)
      }),
    )
  })
})

const call: FunctionCall = { id: 'call_1', name: 'alpha__tool', arguments: '{}' }

describe.each(FORMATS)('a result in the format $name', (format) => {
  it('is JSON that has the id of its call, whatever the server answered', () => {
    const block = fc.oneof(
      fc.record(
        {
          type: fc.constantFrom('text', 'image', 'audio', 'resource', 'other'),
          text: fc.jsonValue(),
          data: fc.string(),
          mimeType: fc.constantFrom('image/png', 'image/svg+xml', 7),
          resource: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(
        fc.array(block),
        fc.option(fc.jsonValue(), { nil: undefined }),
        fc.boolean(),
        (content, structuredContent, isError) => {
          const result = functionResult(call, { result: { content, structuredContent, isError } }, LIMITS)
          const written = JSON.stringify(format.result(result))
          expect(written).toMatch(/call_1/)
        },
      ),
    )
  })

  it('reads calls back as they were made', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            id: fc.string({ minLength: 1, maxLength: 40 }),
            name: fc.string({ minLength: 1, maxLength: 40 }),
            args: fc.dictionary(fc.string(), fc.jsonValue()),
          }),
        ),
        (made) => {
          const bodies: Record<string, object> = {
            chat: {
              tool_calls: made.map(({ id, name, args }) => ({
                id,
                function: { name, arguments: JSON.stringify(args) },
              })),
            },
            responses: {
              output: [
                { type: 'reasoning' },
                ...made.map(({ id, name, args }) => ({
                  type: 'function_call',
                  call_id: id,
                  name,
                  arguments: JSON.stringify(args),
                })),
              ],
            },
            anthropic: {
              content: [
                { type: 'text', text: '' },
                ...made.map(({ id, name, args }) => ({ type: 'tool_use', id, name, input: args })),
              ],
            },
            gemini: {
              parts: [
                { text: '' },
                ...made.map(({ id, name, args }) => ({ functionCall: { id, name, args } })),
              ],
            },
          }
          const found = format.calls(JSON.parse(JSON.stringify(bodies[format.name])))
          const read = found?.map((one) => ({
            ...one,
            arguments: typeof one.arguments === 'string' ? JSON.parse(one.arguments) : one.arguments,
          }))
          expect(read).toEqual(
            made.map(({ id, name, args }) => ({ id, name, arguments: JSON.parse(JSON.stringify(args)) })),
          )
        },
      ),
    )
  })
})

describe('what a model is told of a result', () => {
  const texts = (result: Record<string, unknown>) =>
    functionResult(call, { result }, LIMITS).parts.map((part) =>
      part.kind === 'text' ? part.text : part.kind,
    )

  it('has structured content once, also where the server gives it as text in another order', () => {
    const content = [{ type: 'text', text: '{"b": 1.0, "a": [true]}' }]
    expect(texts({ content, structuredContent: { a: [true], b: 1 } })).toEqual(['{"b": 1.0, "a": [true]}'])
    expect(texts({ content, structuredContent: { a: [] } })).toEqual(['{"b": 1.0, "a": [true]}', '{"a":[]}'])
  })

  it('names what cannot be shown, so that it is not asked for again', () => {
    expect(
      texts({
        content: [
          { type: 'audio', mimeType: 'audio/wav', data: 'AAAA' },
          { type: 'image', mimeType: 'image/svg+xml', data: 'AAAA' },
          { type: 'resource', resource: { uri: 'file:///a.bin', blob: 'AAAA' } },
          { type: 'resource', resource: { uri: 'file:///a.txt', text: 'hello' } },
          { type: 'resource', resource: { uri: 'file:///a.pdf', mimeType: 'application/pdf', blob: 'AAAA' } },
        ],
      }),
    ).toEqual([
      '[Left out, because it cannot be shown here: audio of type audio/wav, 3 bytes.]',
      '[Left out, because it cannot be shown here: image of type image/svg+xml, 3 bytes.]',
      '[Left out, because it cannot be shown here: resource file:///a.bin of type application/octet-stream, 3 bytes.]',
      'Resource file:///a.txt:\nhello',
      'file',
    ])
  })

  it('is something even where the tool says nothing', () => {
    expect(texts({})).toEqual(['The tool answered without any content.'])
  })
})
