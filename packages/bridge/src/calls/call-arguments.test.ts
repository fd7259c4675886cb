import { expect, it } from 'vitest'
import { exampleCall, typeWords } from './argument-schema.ts'
import { argumentsFromWords, requireArguments } from './call-arguments.ts'

const definition = {
  inputSchema: {
    type: 'object',
    properties: {
      text: { type: 'string' },
      count: { type: 'integer' },
      flag: { type: 'boolean' },
      list: { type: 'array', items: { type: 'string' } },
      either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      maybe: { type: ['integer', 'null'] },
      free: {},
    },
    required: ['text', 'list'],
  },
}

it.each([
  [['text=7'], '{"text":"7"}'],
  [['text=a=b'], '{"text":"a=b"}'],
  [['text='], '{"text":""}'],
  [['count=-7', 'flag=false'], '{"count":-7,"flag":false}'],
  [['count=9007199254740993'], '{"count":9007199254740993}'],
  [['list=["a"]'], '{"list":["a"]}'],
  [['either=7', 'free=7'], '{"either":"7","free":"7"}'],
  [['either:=7', 'maybe=null'], '{"either":7,"maybe":null}'],
  [['text:="x"'], '{"text":"x"}'],
  [['text=line\nbreak'], '{"text":"line\\nbreak"}'],
  [[], '{}'],
])('reads %j', (words, json) => {
  expect(argumentsFromWords(words, definition)).toBe(json)
})

it.each([
  [['txt=1'], 'no argument "txt"'],
  [['count=seven'], 'is to be integer'],
  [['count=1.5'], 'is to be integer'],
  [['flag=yes'], 'is to be boolean'],
  [['=x'], 'is no argument'],
])('refuses %j', (words, message) => {
  expect(() => argumentsFromWords(words, definition)).toThrow(message)
})

it('lets unknown names pass where the tool takes any', () => {
  const open = { inputSchema: { ...definition.inputSchema, additionalProperties: true } }
  expect(argumentsFromWords(['more=1'], open)).toBe('{"more":"1"}')
})

it('keeps JSON as it was written', () => {
  expect(requireArguments(' {"n": 1.0} \n', '--args')).toBe('{"n": 1.0}')
  expect(() => requireArguments('null', '--args')).toThrow('no JSON object')
})

it.each([
  [{ type: 'string' }, 'string'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ type: 'array', items: { enum: ['a', 'b'] } }, '("a" | "b")[]'],
  [{ oneOf: [{ type: 'string' }, { $ref: '#/x' }] }, 'any'],
  [{}, 'any'],
])('words the type %j', (schema, words) => {
  expect(typeWords(schema)).toBe(words)
})

it('makes an example that a shell takes', () => {
  expect(exampleCall('s__t', definition)).toBe(`mcpgw call s__t text=TEXT 'list:=[]'`)
})
