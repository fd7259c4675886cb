import { expect, it } from 'vitest'
import { NO_RULES, rulesOf } from './rules-draft.ts'

it('makes no rules of a form that was not touched', () => {
  expect(rulesOf(NO_RULES)).toEqual({})
  expect(rulesOf({ ...NO_RULES, servers: 'except' })).toEqual({})
})

it('takes "only these" with none chosen for none, and not for all', () => {
  expect(rulesOf({ ...NO_RULES, servers: 'only' })).toEqual({ servers: { allow: [] } })
})

it('puts what was chosen and what was typed together, once each', () => {
  const draft = {
    ...NO_RULES,
    servers: 'only',
    named: ['github'],
    patterns: 'github, prod-*',
    allow: 'read_*\n slack/post ',
    deny: 'delete_*',
    readOnly: true,
  } as const
  expect(rulesOf(draft)).toEqual({
    servers: { allow: ['github', 'prod-*'] },
    tools: { allow: ['read_*', 'slack/post'], deny: ['delete_*'] },
    readOnlyTools: true,
  })
})
