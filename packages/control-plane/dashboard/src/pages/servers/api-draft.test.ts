import { describe, expect, it } from 'vitest'
import type { ApiOperation, ApiReading } from '../../api/shapes.ts'
import { apiServer, EMPTY_API, found, nameFromTitle } from './api-draft.ts'

const operation = (tool: string, method: string, credentials: string[][] = []): ApiOperation => ({
  tool,
  method,
  path: `/${tool}`,
  tags: ['pets'],
  summary: `About ${tool}`,
  deprecated: false,
  readOnly: method === 'GET',
  destructive: false,
  credentials,
})

const reading: ApiReading = {
  title: 'Pets',
  urls: [],
  operations: [
    operation('list', 'GET', [['API_KEY']]),
    operation('make', 'POST', [['USERNAME', 'PASSWORD']]),
  ],
  credentials: [],
  leftOut: [],
}

describe('an API that is being added', () => {
  it('sends exactly the operations that were chosen, and values only for those', () => {
    const draft = {
      ...EMPTY_API,
      name: ' pets ',
      document: 'openapi: 3.1.0',
      url: ' https://pets.example ',
      reading,
    }
    const values = { API_KEY: 'a', PASSWORD: 'b', USERNAME: '' }
    expect(apiServer({ ...draft, chosen: new Set(['list', 'gone']), values })).toEqual({
      server: {
        name: 'pets',
        openapi: 'openapi: 3.1.0',
        url: 'https://pets.example',
        operations: { include: [{ method: 'GET', path: '/list' }] },
      },
      values: { API_KEY: 'a' },
    })
  })

  it('finds operations by words that stand anywhere in them', () => {
    const tools = (search: string) => found(reading.operations, search).map(({ tool }) => tool)
    expect(tools('')).toEqual(['list', 'make'])
    expect(tools('PETS post')).toEqual(['make'])
    expect(tools('nothing')).toEqual([])
  })

  it('is called after its title', () => {
    expect(nameFromTitle('The Pet Store (v2)')).toBe('the-pet-store-v2')
    expect(nameFromTitle('Übergrößen')).toMatch(/^[a-z0-9-]*$/)
  })
})
