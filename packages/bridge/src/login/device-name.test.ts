import { expect, it } from 'vitest'
import { nameOfDevice } from './device-name.ts'

it('names user and machine in at most 100 printable characters', () => {
  expect(nameOfDevice('ada', 'laptop')).toBe('ada on laptop')
  expect(nameOfDevice('a\u001b[31mda\n', 'lap\u202etop')).toBe('a[31mda on laptop')
  expect(Array.from(nameOfDevice('😀'.repeat(200), 'x'))).toHaveLength(100)
})
