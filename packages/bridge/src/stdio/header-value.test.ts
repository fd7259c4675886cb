import { expect, it } from 'vitest'
import { encodeHeaderValue } from './header-value.ts'

const encoded = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`

it.each(['echo', 'a b', 'file:///x?y=z', '~!@#'])('leaves %j as it is', (value) => {
  expect(encodeHeaderValue(value)).toBe(value)
})

it.each(['', ' a', 'a ', 'größe', 'a\r\nx-evil: 1', '\u0000', '=?base64?YQ==?='])('encodes %j', (value) => {
  expect(encodeHeaderValue(value)).toBe(encoded(value))
})
