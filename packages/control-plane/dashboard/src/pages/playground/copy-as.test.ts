import { describe, expect, it } from 'vitest'
import { asCommand, asCurl, plainJson } from './copy-as.ts'

const call = {
  origin: 'https://gw.example.com',
  slug: 'web',
  tool: 'files__read',
  argumentsJson: '{"path":"it\'s"}',
}

describe('a call to copy', () => {
  it('is a command with the arguments as they were typed', () => {
    expect(asCommand(call)).toBe(
      `mcpgw call files__read --args '{"path":"it'\\''s"}' --workspace https://gw.example.com/ws/web`,
    )
    expect(asCurl(call)).toContain(`--data-raw '{"name":"files__read","arguments":{"path":"it'\\''s"}}'`)
  })

  it('shows what a terminal would hide, and means the same', () => {
    const value = { a: 'x\u202ey\u{e0041}\u0007\u2028' }
    const plain = plainJson(JSON.stringify(value))
    expect(plain).toMatch(/^[\u0020-\u007e]*$/)
    expect(JSON.parse(plain)).toEqual(value)
  })
})
