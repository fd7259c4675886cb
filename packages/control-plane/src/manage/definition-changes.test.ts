import { describe, expect, it } from 'vitest'
import { NO_LIMITS, parseJson } from '../protocol/json.ts'
import { changesBetween } from './definition-changes.ts'

const between = (before: string, after: string) =>
  changesBetween(parseJson(before, NO_LIMITS), parseJson(after, NO_LIMITS))

describe('the difference between two definitions', () => {
  it('names each place by a JSON pointer, inside of schemas too', () => {
    const before = '{"name":"a","inputSchema":{"properties":{"x":{"type":"string"},"a/b~c":{"type":"null"}}}}'
    const after =
      '{"name":"a","title":"A","inputSchema":{"properties":{"x":{"type":"integer"}}},"annotations":{"readOnlyHint":true}}'
    expect(between(before, after)).toEqual([
      { path: '/inputSchema/properties/x/type', before: 'string', after: 'integer' },
      { path: '/inputSchema/properties/a~1b~0c', before: { type: 'null' } },
      { path: '/title', after: 'A' },
      { path: '/annotations', after: { readOnlyHint: true } },
    ])
  })

  it('compares lists place by place', () => {
    expect(between('{"enum":["a","b"]}', '{"enum":["a","c","d"]}')).toEqual([
      { path: '/enum/1', before: 'b', after: 'c' },
      { path: '/enum/2', after: 'd' },
    ])
  })

  it('tells numbers apart that a double cannot, and writes every digit', () => {
    const [change, ...others] = between('{"maximum":9007199254740992}', '{"maximum":9007199254740993}')
    expect(others).toEqual([])
    expect(JSON.stringify(change)).toBe(
      '{"path":"/maximum","before":9007199254740992,"after":9007199254740993}',
    )
  })

  it('is empty for the same definition in another order, and for another spelling of a number', () => {
    expect(between('{"a":1.0,"b":[1e2]}', '{"b":[100],"a":1}')).toEqual([])
  })

  it('takes another kind of value as one change', () => {
    expect(between('{"a":{"0":1}}', '{"a":[1]}')).toEqual([{ path: '/a', before: { 0: 1 }, after: [1] }])
    expect(between('{"a":null}', '{"a":{}}')).toEqual([{ path: '/a', before: null, after: {} }])
  })
})
