type Json = Record<string, unknown>

/** Small, OpenAPI 3.0 in YAML: a key in a header. */
export const PETS = `
openapi: 3.0.3
info:
  title: Pets
  version: 1.2.0
servers:
  - url: https://pets.example/v1
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Api-Key, description: From your account page. }
  schemas:
    Pet: &pet
      type: object
      required: [id, name]
      properties:
        id: { type: integer, format: int64, readOnly: true }
        name: { type: string, example: Rex }
        tag: { type: string, nullable: true }
    Known: *pet
security:
  - key: []
paths:
  /pets:
    get:
      operationId: listPets
      summary: All pets
      tags: [pets]
      parameters:
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 100, default: 20 } }
        - { name: X-Api-Key, in: header, required: true, schema: { type: string } }
      responses:
        200:
          description: ok
          content: { application/json: { schema: { type: array, items: { $ref: '#/components/schemas/Pet' } } } }
    post:
      operationId: createPet
      tags: [pets]
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
      responses:
        201:
          description: made
          content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
  /pets/{petId}:
    parameters:
      - { name: petId, in: path, required: true, schema: { type: integer } }
    get:
      operationId: getPet
      tags: [pets]
      responses:
        200:
          description: ok
          content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
    delete:
      tags: [pets, danger]
      responses: { 204: { description: gone } }
  /pets/{petId}/photo:
    get:
      operationId: getPhoto
      parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
      responses: { 200: { description: ok, content: { image/png: {} } } }
    put:
      operationId: putPhoto
      parameters: [{ name: petId, in: path, required: true, schema: { type: integer } }]
      requestBody: { required: true, content: { image/png: { schema: { type: string, format: binary } } } }
      responses: { 204: { description: ok } }
  /elsewhere:
    get:
      operationId: elsewhere
      parameters: [{ $ref: 'https://other.example/common.yaml#/limit' }]
      responses: { 200: { description: ok } }
`

/** Medium, OpenAPI 3.1: a bearer token, another scheme for some operations, none for one, and parameters in all styles. */
export const ORDERS: Json = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '7' },
  security: [{ token: [] }],
  components: {
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer' },
      queryKey: { type: 'apiKey', in: 'query', name: 'api_key' },
      cookieKey: { type: 'apiKey', in: 'cookie', name: 'session' },
      admin: { type: 'oauth2', flows: {} },
      signed: { type: 'http', scheme: 'digest' },
    },
    parameters: {
      Page: { name: 'page', in: 'query', schema: { type: ['integer', 'null'], exclusiveMinimum: 0 } },
    },
  },
  paths: {
    '/orders': {
      get: {
        operationId: 'orders.search',
        tags: ['orders'],
        summary: 'Search orders',
        parameters: [
          { $ref: '#/components/parameters/Page' },
          {
            name: 'status',
            in: 'query',
            schema: { type: 'array', items: { type: 'string', enum: ['open', 'paid', 'a,b'] } },
          },
          { name: 'ids', in: 'query', explode: false, schema: { type: 'array', items: { type: 'string' } } },
          {
            name: 'tags',
            in: 'query',
            style: 'pipeDelimited',
            explode: false,
            schema: { type: 'array', items: { type: 'string' } },
          },
          {
            name: 'filter[customer]',
            in: 'query',
            style: 'deepObject',
            schema: { type: 'object', additionalProperties: true },
          },
          { name: 'X-Trace', in: 'header', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'flavour', in: 'cookie', schema: { type: 'string' } },
          { name: 'sort', in: 'query', content: { 'application/json': { schema: { type: 'object' } } } },
        ],
        responses: {
          200: { description: 'ok', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
    '/files/{path}': {
      get: {
        operationId: 'readFile',
        security: [{ queryKey: [] }],
        parameters: [{ name: 'path', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { 200: { description: 'ok', content: { 'text/plain': {} } } },
      },
    },
    '/status': { get: { operationId: 'status', security: [], responses: { 200: { description: 'ok' } } } },
    '/login': {
      post: {
        operationId: 'login',
        security: [{ signed: [] }, { admin: [], cookieKey: [] }, { token: [] }],
        requestBody: {
          content: {
            'application/x-www-form-urlencoded': {
              schema: { type: 'object', properties: { name: { type: 'string' }, scopes: { type: 'array' } } },
            },
          },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
    '/upload': {
      post: {
        operationId: 'upload',
        requestBody: {
          required: true,
          content: {
            'multipart/form-data': {
              schema: {
                type: 'object',
                required: ['title'],
                properties: { title: { type: 'string' }, file: { type: 'string', format: 'binary' } },
              },
            },
          },
        },
        responses: { 200: { description: 'ok' } },
      },
    },
    '/signed': { get: { operationId: 'signed', security: [{ signed: [] }], responses: {} } },
    '/moved': { get: { operationId: 'moved', servers: [{ url: 'https://else.example' }], responses: {} } },
    '/trace': { trace: { operationId: 'trace', responses: {} } },
  },
}

/** Large: so many things, each with the five usual operations, whose schemas refer to one another in circles. */
export function large(things: number): Json {
  const numbers = Array.from({ length: things }, (_, at) => at)
  const reference = (at: number) => ({ $ref: `#/components/schemas/Thing${at % things}` })
  const schemas = numbers.map((at) => [
    `Thing${at}`,
    {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', description: `The name of a thing of kind ${at}` },
        parent: reference(at),
        next: reference(at + 1),
        others: { type: 'array', items: reference(at * 7 + 3) },
      },
    },
  ])
  const answer = (at: number) => ({
    200: { description: 'ok', content: { 'application/json': { schema: reference(at) } } },
  })
  const sent = (at: number) => ({
    required: true,
    content: { 'application/json': { schema: reference(at) } },
  })
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } }
  const paths = numbers.flatMap((at) => [
    [
      `/things${at}`,
      {
        get: { operationId: `list_things${at}`, tags: [`kind${at % 10}`], responses: answer(at) },
        post: { operationId: `create_thing${at}`, requestBody: sent(at), responses: answer(at) },
      },
    ],
    [
      `/things${at}/{id}`,
      {
        parameters: [id],
        get: { operationId: `get_thing${at}`, responses: answer(at) },
        put: { operationId: `replace_thing${at}`, requestBody: sent(at), responses: answer(at) },
        delete: { operationId: `remove_thing${at}`, responses: { 204: { description: 'gone' } } },
      },
    ],
  ])
  return {
    openapi: '3.0.0',
    info: { title: 'Things', version: '1' },
    servers: [{ url: '{scheme}://things.example', variables: { scheme: { default: 'https' } } }],
    security: [{ login: [] }],
    components: {
      securitySchemes: { login: { type: 'http', scheme: 'basic' } },
      schemas: Object.fromEntries(schemas),
    },
    paths: Object.fromEntries(paths),
  }
}
