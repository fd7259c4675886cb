import { describe, expect, it } from 'vitest'
import { large, ORDERS, PETS } from '../../test/openapi/documents.ts'
import { readApi } from './read-api.ts'

const ALL = { include: [{}] }
const read = (document: unknown) =>
  readApi(typeof document === 'string' ? document : JSON.stringify(document), ALL)

function toolsOf(document: unknown) {
  const { plan } = read(document)
  return Object.fromEntries(plan?.operations.map(({ tool }) => [tool.name, tool]) ?? [])
}

it('makes each operation a tool, and says of the others why they are left out', () => {
  const { operations, leftOut, urls, openapi, credentials } = read(PETS)
  expect({ urls, openapi }).toEqual({ urls: ['https://pets.example/v1'], openapi: '3.0.3' })
  expect(operations.map(({ tool, readOnly, destructive }) => [tool, readOnly, destructive])).toEqual([
    ['listPets', true, false],
    ['createPet', false, false],
    ['getPet', true, false],
    ['delete_pets_by_petId', false, true],
    ['getPhoto', true, false],
  ])
  expect(leftOut).toEqual([
    { method: 'PUT', path: '/pets/{petId}/photo', reason: 'Its body is image/png, which tools cannot send.' },
    {
      method: 'GET',
      path: '/elsewhere',
      reason:
        'It refers to another document ("https://other.example/common.yaml#/limit"), which is not fetched.',
    },
  ])
  expect(credentials).toEqual([
    { name: 'API_KEY', scheme: 'key', type: 'apiKey', description: 'From your account page.' },
  ])
})

it('asks a model for what is to be sent: not for keys, nor for what only the API sets', () => {
  const { createPet, listPets, delete_pets_by_petId: remove } = toolsOf(PETS)
  expect(listPets).toMatchObject({
    title: 'All pets',
    description: 'All pets',
    annotations: { readOnlyHint: true },
    inputSchema: {
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 } },
      additionalProperties: false,
    },
  })
  expect(Object.keys(listPets?.inputSchema.properties as object)).toEqual(['limit'])
  expect(createPet?.inputSchema).toEqual({
    type: 'object',
    properties: { body: { $ref: '#/$defs/Pet' } },
    required: ['body'],
    additionalProperties: false,
    $defs: {
      Pet: {
        type: 'object',
        properties: { name: { type: 'string' }, tag: { type: ['string', 'null'] } },
        required: ['name'],
      },
    },
  })
  expect(createPet?.outputSchema).toEqual({ type: 'object', properties: { id: {}, name: {}, tag: {} } })
  expect(remove).toMatchObject({
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  })
})

it('names values after their scheme where two of a kind are there, and puts the anonymous way last', () => {
  const { credentials, operations, leftOut } = read(ORDERS)
  expect(credentials.map(({ name }) => name)).toEqual([
    'BEARER_TOKEN',
    'QUERY_KEY_API_KEY',
    'COOKIE_KEY_API_KEY',
    'ACCESS_TOKEN',
  ])
  expect(operations.map(({ tool, credentials: sets }) => [tool, sets])).toEqual([
    ['orders_search', [['BEARER_TOKEN']]],
    ['readFile', [['QUERY_KEY_API_KEY']]],
    ['status', []],
    ['login', [['ACCESS_TOKEN', 'COOKIE_KEY_API_KEY'], ['BEARER_TOKEN']]],
    ['upload', [['BEARER_TOKEN']]],
  ])
  expect(leftOut.map(({ path, reason }) => [path, reason])).toEqual([
    ['/signed', 'Its security scheme is not supported.'],
    ['/moved', 'It is at an address of its own, and a server has one address.'],
    ['/trace', 'TRACE is not a method for tools.'],
  ])
})

it('keeps schemas that refer to one another in circles, the nearest of them where all would be too many', () => {
  const tools = toolsOf(large(200))
  expect(Object.keys(tools)).toHaveLength(1_000)
  const { inputSchema } = tools.create_thing0 ?? {}
  expect(inputSchema).toMatchObject({
    properties: { body: { $ref: '#/$defs/Thing0' } },
    $defs: { Thing0: { properties: { parent: { $ref: '#/$defs/Thing0' } } } },
  })
  for (const { inputSchema: schema } of Object.values(tools)) expect(unresolved(schema)).toEqual([])
})

/** References of a schema that lead nowhere. */
function unresolved(schema: unknown): string[] {
  const definitions = new Set(Object.keys((schema as { $defs?: object } | undefined)?.$defs ?? {}))
  const used = [...JSON.stringify(schema ?? {}).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map(
    ([, name]) => name,
  )
  return used.filter((name) => !definitions.has(name ?? '')).map(String)
}

it('chooses by operation, tag, method and path, and nothing that was not asked for', () => {
  const chosen = (include: object[], exclude: object[] = []) =>
    readApi(PETS, { include, exclude }).plan?.operations.map(({ tool }) => tool.name)
  expect(chosen([])).toEqual([])
  expect(chosen([{ method: 'get' }])).toEqual(['listPets', 'getPet', 'getPhoto'])
  expect(chosen([{ operationId: '*Pet' }])).toEqual(['createPet', 'getPet'])
  expect(chosen([{ tag: 'pets' }], [{ tag: 'danger' }])).toEqual(['listPets', 'createPet', 'getPet'])
  expect(chosen([{ path: '/pets/{petId}', method: 'DELETE' }])).toEqual(['delete_pets_by_petId'])
  expect(readApi(PETS, undefined).plan).toBeUndefined()
})

describe('a document that is none, or too much', () => {
  it.each([
    ['Swagger 2', { swagger: '2.0', paths: {} }, /Swagger 2.0/],
    ['no version', { paths: {} }, /"openapi" must be 3.x/],
    ['no paths', { openapi: '3.1.0' }, /no "paths"/],
    ['broken JSON', '{"openapi": ', /not JSON/],
    ['broken YAML', 'openapi: [\n  3: : 4', /neither JSON nor YAML: see line 2/],
    ['a list', '- openapi', /not an object/],
    ['a YAML bomb', yamlBomb(), /aliases/],
    ['YAML that holds itself', 'openapi: 3.0.0\npaths: &a\n  /a: *a', /nested more than|aliases/],
    [
      'deep JSON',
      `{"openapi":"3.0.0","paths":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`,
      /nested more than/,
    ],
    ['many operations', { ...large(201) }, /1005 operations/],
  ])('is refused with what is wrong: %s', (_, document, message) => {
    expect(() => read(document)).toThrow(message)
  })

  function yamlBomb(): string {
    const lines = ['openapi: 3.0.0', 'a0: &a0 [x, x]']
    for (let at = 1; at < 30; at++) lines.push(`a${at}: &a${at} [*a${at - 1}, *a${at - 1}]`)
    return `${lines.join('\n')}\npaths: {}`
  }

  it('never becomes more than its tools: names are data, also those of JavaScript', () => {
    const document = {
      openapi: '3.0.0',
      info: { title: 'Odd', version: '1' },
      paths: {
        '/constructor': {
          get: { operationId: '__proto__', parameters: [{ name: '__proto__', in: 'query' }] },
        },
        '/b': { get: { operationId: 'toString', parameters: [{ $ref: '#/constructor' }] } },
        '/c/../d': { get: { operationId: 'climbs' } },
        '/e?x=1': { get: { operationId: 'asks' } },
        '/f g': { get: { operationId: 'spaces' } },
      },
    }
    const { plan, leftOut } = read(document)
    expect(plan?.operations.map(({ tool }) => tool.name)).toEqual(['proto'])
    expect(leftOut).toHaveLength(4)
  })
})

it('gives names that stay the same, different from one another and short enough', () => {
  const paths = Object.fromEntries(
    ['a b', 'a.b', 'x'.repeat(90), 'x'.repeat(91)].map((operationId, at) => [
      `/p${at}`,
      { get: { operationId } },
    ]),
  )
  const names = read({ openapi: '3.0.0', paths }).operations.map(({ tool }) => tool)
  expect(new Set(names).size).toBe(4)
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
  expect(names[0]).toBe('a_b')
  expect(read({ openapi: '3.0.0', paths }).operations.map(({ tool }) => tool)).toEqual(names)
})
