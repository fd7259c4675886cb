import { describe, expect, it } from 'vitest'
import { questionsIn, secondRound } from './questions.ts'

describe('what a server asks', () => {
  it('is a form, a page to open, or something that cannot be answered here', () => {
    const questions = questionsIn({
      inputRequests: {
        a: { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object' } } },
        b: {
          method: 'elicitation/create',
          params: { mode: 'url', message: 'Log in', url: 'https://x.test' },
        },
        c: { method: 'sampling/createMessage', params: {} },
        d: 'nonsense',
      },
    })
    expect(questions.map(({ key, kind }) => [key, kind])).toEqual([
      ['a', 'form'],
      ['b', 'page'],
      ['c', 'other'],
      ['d', 'other'],
    ])
    expect(questionsIn({ inputRequests: [] })).toEqual([])
  })

  it('is answered by its keys, with the state that came with it', () => {
    const replies = new Map([['a', { action: 'accept', content: { name: 'Ada' } } as const]])
    expect(secondRound({ requestState: 'sealed' }, replies)).toEqual({
      inputResponses: { a: { action: 'accept', content: { name: 'Ada' } } },
      requestState: 'sealed',
    })
    expect(secondRound({ requestState: 'sealed' }, new Map())).toEqual({ requestState: 'sealed' })
  })
})
