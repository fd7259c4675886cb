import { expect, it } from 'vitest'
import { parseLoginTarget } from './login-target.ts'

const code = 'AbC_-0123456789abcdefghijklmnopqrstuvwxyz012'.slice(0, 43)

it('knows an invite link from a workspace URL', () => {
  expect(parseLoginTarget(`https://gateway.test/invite/${code}`)).toEqual({
    kind: 'invite',
    origin: 'https://gateway.test',
    invite: code,
  })
  expect(parseLoginTarget('https://gateway.test/ws/invite')).toMatchObject({ kind: 'workspace' })
})

it.each([
  `http://gateway.test/invite/${code}`,
  `https://user@gateway.test/invite/${code}`,
  `https://gateway.test/invite/${code}?a=b`,
  `file:///invite/${code}`,
  `https://gateway.test/invite/${code}x`,
  'https://gateway.test/invite/short',
  'https://gateway.test/invite/',
])('refuses %s without repeating its code', (text) => {
  expect(() => parseLoginTarget(text)).toThrow(
    expect.objectContaining({ reason: 'usage', message: expect.not.stringContaining(code) }),
  )
})
