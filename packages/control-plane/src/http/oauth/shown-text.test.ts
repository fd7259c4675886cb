import { expect, it } from 'vitest'
import { deviceNameOf, shownText } from './shown-text.ts'

it.each([
  ["Ada's Mac (büro) 電腦", "Ada's Mac (büro) 電腦"],
  ['  two\r\n lines\t', 'two lines'],
  ['\u001b[31mred', '[31mred'],
  ['\u202egnp.exe', 'gnp.exe'],
  ['lap\u200btop\ufeff', 'laptop'],
  ['a\u2028b\u2029c', 'a b c'],
  ['half \ud800 of one', 'half of one'],
  ['\u{e0041}\ue000\uffff', ''],
])('shows %j as %j', (text, shown) => {
  expect(shownText(text)).toBe(shown)
})

it('is at most 100 characters, and never ends in half of one', () => {
  expect(shownText('x'.repeat(3_000))).toBe('x'.repeat(100))
  expect(shownText(`${'x'.repeat(99)}💻`)).toBe('x'.repeat(99))
})

it('has a name for a device that tells none', () => {
  for (const name of [undefined, '', ' \u200b ']) expect(deviceNameOf(name)).toBe('a device without a name')
})
