import { describe, expect, it } from 'vitest'
import { NO_LIMITS, parseJson } from './json.ts'
import { META } from './modern-envelope.ts'
import { toLegacyResult, toModernErrorCode, toModernResult } from './translate-result.ts'

describe('a legacy result for a modern client', () => {
  it('is complete, with everything it had', () => {
    const result = { content: [{ type: 'new', n: 1 }], _meta: { 'a/b': 1 }, isError: true, other: null }
    expect(toModernResult('tools/call', result)).toEqual({ resultType: 'complete', ...result })
  })

  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read'])(
    'of %s may be kept by nobody but the asker',
    (method) => expect(toModernResult(method, {})).toMatchObject({ ttlMs: 0, cacheScope: 'private' }),
  )

  it.each(['tools/call', 'prompts/get', 'completion/complete'])('of %s says nothing of keeping', (method) => {
    expect(toModernResult(method, {})).toEqual({ resultType: 'complete' })
  })
})

describe('a modern result for a legacy client', () => {
  it('loses only what legacy revisions do not have', () => {
    const result = {
      resultType: 'complete',
      content: [{ type: 'text', text: 'x', _meta: { y: 1 } }],
      ttlMs: 5,
      cacheScope: 'private',
      _meta: { [META.serverInfo]: { name: 's' }, 'mine/own': 1 },
      extra: { z: [1] },
    }
    expect(toLegacyResult('tools/call', result)).toEqual({
      content: [{ type: 'text', text: 'x', _meta: { y: 1 } }],
      _meta: { 'mine/own': 1 },
      extra: { z: [1] },
    })
  })

  it('has no _meta where the server’s name was all of it', () => {
    const result = { contents: [], _meta: { [META.serverInfo]: { name: 's' } } }
    expect(toLegacyResult('resources/read', result)).toEqual({ contents: [] })
  })

  it('keeps an object as structured content', () => {
    const result = { content: [], structuredContent: { a: 1 } }
    expect(toLegacyResult('tools/call', result)).toEqual(result)
  })

  it.each(['[1,2]', '"text"', '5', 'null', 'true', '9007199254740993'])(
    'tells structured content %s as text',
    (json) => {
      const content = [{ type: 'text', text: 'first' }]
      const result = { content, structuredContent: parseJson(json, NO_LIMITS) }
      expect(toLegacyResult('tools/call', result)).toEqual({
        content: [...content, { type: 'text', text: json }],
      })
    },
  )

  it('tells structured content as text also where there is no other content', () => {
    expect(toLegacyResult('tools/call', { structuredContent: [] })).toEqual({
      content: [{ type: 'text', text: '[]' }],
    })
  })
})

it('gives modern clients the code that their revision has for an unknown resource', () => {
  expect([-32_002, -32_602, -32_601, 5].map(toModernErrorCode)).toEqual([-32_602, -32_602, -32_601, 5])
})
