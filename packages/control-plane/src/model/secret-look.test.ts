import { describe, expect, it } from 'vitest'
import { looksLikeSecret } from './secret-look.ts'

describe('a value typed in plainly', () => {
  it.each([
    ['Authorization', 'anything'],
    ['X-Api-Key', '12345'],
    ['apikey', '12345'],
    ['GITHUB_TOKEN', 'x'],
    ['DB_PASSWORD', 'x'],
    ['Cookie', 'session=1'],
    ['GITLAB_PAT', 'x'],
    ['X-Team', 'Bearer abcdef'],
    ['X-Team', 'Token token=abcdefgh'],
    ['X-Team', 'ghp_abcdefghijklmnop'],
    ['X-Team', 'sk-proj-abcdefghijklmnop'],
    ['X-Team', 'mcpgw_0123456789abcdef'],
    ['X-Team', 'eyJhbGciOi.eyJzdWIi.sig'],
    ['Authorization', 'Bearer ghp_abcdefghijklmnop {{TOKEN}}'],
    ['CERT', '-----BEGIN PRIVATE KEY-----'],
  ])('is taken for a secret: %s: %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBe(true)
  })

  it.each([
    ['Authorization', 'Bearer {{TOKEN}}'],
    ['Authorization', 'Token token={{TOKEN}}'],
    ['Authorization', 'Token token="{{TOKEN}}"'],
    ['GITHUB_TOKEN', '{{TOKEN}}'],
    ['GITHUB_TOKEN', ''],
    ['X-Max-Tokens', '1000'],
    ['MAX_TOKENS', '1000'],
    ['X-Team', 'platform'],
    ['PATH', '/usr/bin'],
    ['LOG_LEVEL', 'basic'],
    ['', 'secret-scanner-mcp-server'],
    ['Authorization', 'Basic {{USER_AND_PASSWORD}}'],
    ['X-Region', 'eu-west-1'],
  ])('is taken for what it is: %s: %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBe(false)
  })
})
