import { describe, expect, it } from 'vitest'
import { deedWords } from './deed-words.ts'

const nothing = { server: null, tool: null, shownAs: null }

describe('what a person did', () => {
  it('is said with what it was done to, by the name people know', () => {
    expect(deedWords({ ...nothing, method: 'credential.put', server: 'jira', tool: 'jira' })).toBe(
      'set the credential of server jira',
    )
    expect(deedWords({ ...nothing, method: 'token.create', tool: 'tok_1', shownAs: 'ada-laptop' })).toBe(
      'issued token ada-laptop',
    )
  })

  it('is said without, where that says nothing more', () => {
    expect(deedWords({ ...nothing, method: 'audit.export', tool: 'platform' })).toBe('exported the log')
  })

  it('is shown by its own name when it is new here', () => {
    expect(deedWords({ ...nothing, method: 'moon.land', tool: 'eagle' })).toBe('moon.land eagle')
    expect(deedWords({ ...nothing, method: 'moon.land' })).toBe('moon.land')
  })
})
