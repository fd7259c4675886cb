import { describe, expect, it } from 'vitest'
import type { OpenCredential } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import { createHeaderFiller, fillAll, NO_SCRUBBER, withCredential } from './credential-source.ts'

const credential = (values: Record<string, string>, version = 1): OpenCredential => ({
  version,
  since: version,
  values: new Map(Object.entries(values)),
  scrubber: NO_SCRUBBER,
})

describe('a credential in headers', () => {
  it('takes the place of its name, and nothing else is ever expanded', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is one of the forms that must stay as they are.
    const templates = { Authorization: 'Bearer {{TOKEN}}', Plain: '{{ TOKEN }} ${TOKEN} $TOKEN {TOKEN}' }
    expect(fillAll(templates, credential({ TOKEN: 's$&3{{OTHER}}' }))).toEqual({
      Authorization: 'Bearer s$&3{{OTHER}}',
      Plain: templates.Plain,
    })
  })

  it('that is missing is named, with what to do', () => {
    for (const given of [undefined, credential({ OTHER: 'x' })]) {
      expect(() => fillAll({ A: '{{TOKEN}}' }, given)).toThrow(
        expect.objectContaining({ code: 'needs_credential', message: expect.stringContaining('TOKEN') }),
      )
    }
  })

  it('is filled in once for each version, under names in lower case', () => {
    const fill = createHeaderFiller({ headers: { 'X-Key': '{{K}}' } })
    const first = credential({ K: 'one' })
    expect(fill(first)).toEqual({ 'x-key': 'one' })
    expect(fill(first)).toBe(fill(first))
    expect(fill(credential({ K: 'two' }, 2))).toEqual({ 'x-key': 'two' })
  })

  it('is not needed by headers that name none', () => {
    expect(createHeaderFiller({ headers: { Accept: 'x' } })(undefined)).toEqual({ accept: 'x' })
  })
})

describe('a call with a credential', () => {
  it('begins at once when the credential is at hand', () => {
    const used: unknown[] = []
    const known = credential({})
    const source = { peek: () => known, load: () => Promise.reject(new Error('not asked')) }
    withCredential(
      source,
      (given) => used.push(given),
      () => expect.unreachable(),
    )
    expect(used).toEqual([known])
  })

  it('waits for one that has to be opened', async () => {
    const known = credential({})
    const source = { peek: () => 'unknown' as const, load: async () => known }
    const used = await new Promise((resolve, reject) => withCredential(source, resolve, reject))
    expect(used).toBe(known)
  })

  it.each([
    ['cannot be opened', new GatewayError('credential_unreadable', 'no'), 'credential_unreadable'],
    ['fails in a way nobody foresaw', new Error('secret detail'), 'internal'],
  ])('ends with a clear error when it %s', async (_, thrown, code) => {
    const source = { peek: () => 'unknown' as const, load: () => Promise.reject(thrown) }
    const error = await new Promise<GatewayError>((resolve) =>
      withCredential(source, () => expect.unreachable(), resolve),
    )
    expect(error).toMatchObject({ code })
    expect(error.message).not.toContain('secret detail')
  })

  it('ends with the error of what used it', () => {
    const errors: GatewayError[] = []
    const source = { peek: () => undefined, load: async () => undefined }
    const use = () => void fillAll({ A: '{{TOKEN}}' }, undefined)
    withCredential(source, use, (error) => errors.push(error))
    expect(errors).toMatchObject([{ code: 'needs_credential' }])
  })
})
