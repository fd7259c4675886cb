import { expect, it } from 'vitest'
import { createMirroredParameters } from './mirrored-parameters.ts'

function learned(inputSchema: unknown) {
  const mirrored = createMirroredParameters()
  mirrored.learn({ tools: [{ name: 'tool', inputSchema }] })
  return mirrored
}

const schema = {
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    options: { properties: { dry: { type: 'boolean', 'x-mcp-header': 'Dry-Run' } } },
    plain: { type: 'string' },
  },
}

it('repeats annotated arguments, at any depth', () => {
  const values = { region: 'eu', count: 3, options: { dry: false }, plain: 'x' }
  expect(learned(schema).headersFor('tool', values)).toEqual({
    'mcp-param-region': 'eu',
    'mcp-param-count': '3',
    'mcp-param-dry-run': 'false',
  })
})

it('leaves out what is absent, null or no longer exact', () => {
  const values = { region: null, count: 2 ** 60, options: 'none' }
  expect(learned(schema).headersFor('tool', values)).toEqual({})
  expect(learned(schema).headersFor('tool', undefined)).toEqual({})
  expect(learned(schema).headersFor('unknown', { region: 'eu' })).toEqual({})
})

it('makes no header of a name that is none', () => {
  const properties = {
    a: { type: 'string', 'x-mcp-header': 'A: b\r\nx' },
    b: { type: 'string', 'x-mcp-header': 1 },
  }
  expect(learned({ properties }).headersFor('tool', { a: 'x', b: 'y' })).toEqual({})
})

it('forgets the annotations a newer list no longer has', () => {
  const mirrored = learned(schema)
  mirrored.learn({ tools: [{ name: 'tool', inputSchema: {} }] })
  expect(mirrored.headersFor('tool', { region: 'eu' })).toEqual({})
})
