import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { quoted } from '../../dashboard/src/pages/playground/copy-as.ts'

it('copies arguments that cannot break out of their quotes in a real shell', () => {
  const awkward = ['$(id)', '`id`', "'; id; '", '"', '\\', '!', '\n', '*', '~', "''", 'a b', '']
  const texts = fc.sample(
    fc.array(fc.constantFrom(...awkward, 'x')).map((parts) => parts.join('')),
    100,
  )
  const script = `printf '%s\\0' ${texts.map(quoted).join(' ')}`
  const printed = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
  expect(printed).toEqual(texts)
})
