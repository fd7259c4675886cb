import { expect, it } from 'vitest'
import type { Token } from '../api/shapes.ts'
import { descendantsOf, tokenState } from './token-state.ts'

const now = Date.parse('2026-03-10T12:00:00Z')
const token = (values: Partial<Token>): Token => ({
  id: 'a',
  name: 'laptop',
  member: 'dana',
  role: 'developer',
  rules: {},
  createdAt: '2026-03-01T00:00:00.000Z',
  expiresAt: null,
  lastUsedAt: null,
  revokedAt: null,
  ...values,
})

it.each([
  [{}, 'live'],
  [{ expiresAt: '2026-03-17T12:00:01.000Z' }, 'live'],
  [{ expiresAt: '2026-03-17T12:00:00.000Z' }, 'ending'],
  [{ expiresAt: '2026-03-10T12:00:00.000Z' }, 'expired'],
  [{ expiresAt: '2026-03-01T00:00:00.000Z', revokedAt: '2026-02-01T00:00:00.000Z' }, 'revoked'],
] as const)('says of %o that it is %s', (values, state) => {
  expect(tokenState(token(values), now)).toBe(state)
})

it('finds all that ends with a token, and nothing that has ended already', () => {
  const all = [
    token({ id: 'b', parentId: 'a' }),
    token({ id: 'c', parentId: 'b' }),
    token({ id: 'd', parentId: 'a', revokedAt: '2026-03-09T00:00:00.000Z' }),
    token({ id: 'e', parentId: 'x' }),
  ]
  expect(descendantsOf({ id: 'a' }, all, now).map(({ id }) => id)).toEqual(['b', 'c'])
})
