import { expect, it } from 'vitest'
import { explainNpm } from './npm-errors.ts'

const REF = { registryType: 'npm', identifier: 'some', version: '1.0.0' } as const

it.each([
  ['npm error code ENOSPC', 'upstream_unavailable', /disk is full/],
  [
    'npm warn tar TAR_ENTRY_ERROR ENOSPC: no space left on device, write',
    'upstream_unavailable',
    /disk is full/,
  ],
  ['npm error code SELF_SIGNED_CERT_IN_CHAIN', 'configuration', /certificate/],
  ['npm error code E401', 'configuration', /does not let us in/],
  ['npm error code ENOTFOUND', 'upstream_unavailable', /cannot be reached/],
  ['npm error code E503', 'upstream_unavailable', /cannot be reached/],
  ['npm ERR! code ETARGET', 'configuration', /no version 1\.0\.0/],
  ['npm error code EALLOWREMOTE', 'unsupported', /does not come from a registry/],
])('tells people what npm means by "%s"', (said, code, message) => {
  const error = explainNpm(REF, said)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(error.fix).not.toBe('')
})

it('repeats what it does not know without what could repaint a terminal', () => {
  const { message } = explainNpm(REF, 'npm error code EODD\nnpm error \u001b[2Jodd\u202e things')
  expect(message).toContain('code EODD')
  expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})
