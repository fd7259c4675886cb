import { describe, expect, it } from 'vitest'
import { keptContent } from './capture.ts'
import { digestOf } from './chain.ts'
import { closeJson } from './json-start.ts'
import { redact } from './redact.ts'

const textOf = (value: unknown) => redact(JSON.stringify(value), []).text
const resultOf = (value: unknown) => ({ json: JSON.stringify(value), cut: false })

/** Takes out one word as it stands, which is all a test of this room needs. */
function scrubberOf(word: string) {
  const text = (message: string) => message.replaceAll(word, '[redacted:it]')
  return { text, bytes: (message: Buffer) => Buffer.from(text(message.toString())) }
}

const scrubbersOf = (values: ReadonlyMap<string, string>) => {
  const scrubbers = [...values.values()].map(scrubberOf)
  return {
    text: (text: string) => scrubbers.reduce((rest, scrubber) => scrubber.text(rest), text),
    bytes: (message: Buffer) => scrubbers.reduce<Buffer>((rest, scrubber) => scrubber.bytes(rest), message),
  }
}

const S = 'Xy7kQ2mW9pLr4tZ8vB3n'

describe('what is kept of a call', () => {
  it.each([
    'password',
    'PASSWD',
    'db_password',
    'userPwd',
    'clientSecret',
    'token',
    'access_token',
    'Authorization',
    'X-Api-Key',
    'apiKey',
    'APIKEY',
    'private_key',
    'sshPrivateKey',
    'Cookie',
    'set-cookie',
    'credential',
    'credentials',
    'awsSecretAccessKey',
    'session_id',
    'passphrase',
  ])('has nothing of what stands under "%s", however deep', (name) => {
    for (const value of [S, { user: 'u', inner: [S] }, [S], 123456]) {
      const text = textOf({ list: [{ [name]: value, other: 'stays' }] })
      expect(JSON.parse(text)).toEqual({ list: [{ [name]: '[redacted]', other: 'stays' }] })
    }
  })

  it('keeps what only sounds like a secret', () => {
    const harmless = { max_tokens: 100, hasPassword: true, token: null, cookies: '', secret: undefined }
    expect(JSON.parse(textOf(harmless))).toEqual({
      max_tokens: 100,
      hasPassword: true,
      token: null,
      cookies: '',
    })
    const prose = { text: 'The author tokenises monkeys: 5 keys, no secrets kept, task-list done.' }
    expect(JSON.parse(textOf(prose))).toEqual(prose)
  })

  it.each([
    ['our own token', `mcpgw_${'aB3'.repeat(15)}`],
    ['GitHub', `ghp_${'aB3'.repeat(12)}`],
    ['GitHub, fine-grained', `github_pat_${'aB3_'.repeat(12)}`],
    ['OpenAI', `sk-proj-${'aB3-'.repeat(8)}`],
    ['Stripe', `sk_live_${'aB3'.repeat(8)}`],
    ['Slack', `xoxb-${'123-'.repeat(4)}abc`],
    ['AWS', 'AKIAIOSFODNN7EXAMPLE'],
    ['a JWT', `eyJhbGciOiJIUzI1NiJ9.${'eyJzdWIi'.repeat(3)}.${'sig_'.repeat(5)}`],
    ['Bearer', `Bearer ${S}${S}`],
    ['Basic', `Basic ${Buffer.from(`u:${S}`).toString('base64')}`],
    ['a private key', `-----BEGIN RSA PRIVATE KEY-----\nMIIE${S}\n${S}\n-----END RSA PRIVATE KEY-----`],
    ['half a private key', `-----BEGIN PRIVATE KEY-----\nMIIE${S}\n${S}`],
    ['a password in a URL', `https://ada:${S}@db.example/x`],
    ['an assignment', `export DB_PASSWORD=${S}`],
    ['a header', `Cookie: a=${S}; b=${S}`],
    ['JSON in a text', JSON.stringify({ apiKey: S })],
    ['JSON in JSON in a text', JSON.stringify(JSON.stringify({ apiKey: S }))],
  ])('has no secret that can be told by its looks: %s', (_, secret) => {
    // What is one word by itself is found in a name as well.
    const name = secret.includes(S) ? 'name' : `name ${secret}`
    const text = textOf({ before: `see: ${secret}`, [name]: 1 })
    expect(() => JSON.parse(text)).not.toThrow()
    for (const part of secret.split(/\s+/).filter((word) => word.includes(S)))
      expect(text.includes(part)).toBe(false)
    if (!secret.includes(S)) expect(text).not.toContain(secret)
    expect(text).toContain('[redacted]')
  })

  it('takes a secret among the arguments out of the result too', () => {
    const call = {
      arguments: { password: S },
      result: resultOf({ content: [{ type: 'text', text: `logged in with ${S}` }] }),
    }
    const { result } = keptContent(call, [], scrubbersOf)
    expect(result.text).not.toContain(S)
    expect(result.text).toContain('logged in with')
  })

  it('has no credential that a scrubber knows, not even cut in half at the end of what is kept', () => {
    for (const length of [65_000, 65_530, 262_130, 1_000_000]) {
      const call = {
        arguments: undefined,
        result: resultOf({ text: `${'x'.repeat(length)}${S}${'y'.repeat(400_000)}` }),
      }
      const { result } = keptContent(call, [scrubberOf(S)], scrubbersOf)
      expect(result.cut).toBe(true)
      expect(Buffer.byteLength(result.text)).toBeLessThanOrEqual(65_536)
      expect(result.text).not.toContain(S.slice(0, 4))
    }
  })

  it('is cut at 64 KiB and says so, whole characters only', () => {
    const small = keptContent({ arguments: { a: 'é'.repeat(100) }, result: resultOf(1) }, [], scrubbersOf)
    expect(small.arguments).toEqual({ text: JSON.stringify({ a: 'é'.repeat(100) }), cut: false })
    const large = keptContent({ arguments: { a: '€'.repeat(40_000) }, result: resultOf(1) }, [], scrubbersOf)
    expect(large.arguments.cut).toBe(true)
    expect(Buffer.byteLength(large.arguments.text)).toBeGreaterThan(65_530)
    expect(large.arguments.text).not.toContain('\ufffd')
    const many = keptContent(
      { arguments: Array.from({ length: 50_000 }, () => 'short'), result: resultOf(1) },
      [],
      scrubbersOf,
    )
    expect(many.arguments.cut).toBe(true)
    expect(Buffer.byteLength(many.arguments.text)).toBe(65_536)
  })

  it('has a digest in which every text and every cut counts', () => {
    const base = { arguments: { text: 'a', cut: false }, result: { text: 'b', cut: false } }
    const others = [
      { ...base, arguments: { text: 'ab', cut: false } },
      { ...base, arguments: { text: 'a', cut: true } },
      { ...base, result: { text: '', cut: false } },
      { ...base, result: { text: 'b', cut: true } },
    ]
    expect(new Set([base, ...others].map(digestOf)).size).toBe(5)
  })

  it('costs no more than a moment, whatever the text is made of', () => {
    const hostile = [
      'password=',
      'eyJ',
      '-eyJ',
      '-eyJaaaaaa',
      'sk-',
      '-sk-',
      'token_',
      'cookie',
      '://a:',
      '://:::::::::::::::',
      'Bearer ',
      '-----BEGIN PRIVATE KEY-----',
      '"token":"',
      'cookie: ',
    ]
    for (const piece of hostile) {
      const text = JSON.stringify({ text: piece.repeat(100_000) })
      // The best of three: what else the machine does is not the text's.
      const tookMs = Array.from({ length: 3 }, () => {
        const startedAt = performance.now()
        redact(text, [])
        return performance.now() - startedAt
      })
      expect(Math.min(...tookMs), piece).toBeLessThan(200)
    }
  })

  it('has no rest of a credential of which a part looks like a secret by itself', () => {
    const credential = `${S},${S};${S}`
    const { text } = redact(JSON.stringify({ url: `token=${credential}` }), [scrubberOf(credential)])
    expect(text).not.toContain(S)
  })
})

describe('the beginning of JSON', () => {
  const VALUE = {
    list: [1, -2.5e7, 'a "quoted" \\ \u0001 text €', [], {}, [{ a: null, b: true }]],
    'a,{[ name': { deep: { deeper: [[['x'], 'y,]}']] } },
    last: 'text',
  }

  it('is JSON wherever it was cut, and says nothing that the whole did not say', () => {
    const json = JSON.stringify(VALUE)
    for (let length = 1; length <= json.length; length += 1) {
      const closed = closeJson(json.slice(0, length))
      expect(isBeginningOf(JSON.parse(closed), VALUE), closed).toBe(true)
    }
    expect(closeJson(json)).toBe(json)
  })

  it('has what was whole before the cut, and a text up to it', () => {
    expect(closeJson('{"a":[1,2,3')).toBe('{"a":[1,2]}')
    expect(closeJson('{"a":"bcd')).toBe('{"a":"bcd"}')
    expect(closeJson('{"a":"b\\u00')).toBe('{"a":"b"}')
    expect(closeJson('{"a":1,"bc')).toBe('{"a":1}')
    expect(closeJson('{"a":1,"bc":')).toBe('{"a":1}')
  })

  function isBeginningOf(part: unknown, whole: unknown): boolean {
    if (typeof part === 'string') return typeof whole === 'string' && whole.startsWith(part)
    if (typeof part !== 'object' || part === null) return Object.is(part, whole)
    return Object.entries(part).every(([key, member]) =>
      isBeginningOf(member, Reflect.get(Object(whole), key)),
    )
  }
})
