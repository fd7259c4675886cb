import { expect, it } from 'vitest'
import { isSlug, slugOf } from './slug.ts'

it.each([
  ['Engineering', 'engineering'],
  ['Büro & Co.', 'buro-co'],
  ['  --Team 7--  ', 'team-7'],
  ['日本', 'main'],
  ['', 'main'],
  [`${'a'.repeat(39)}-b`, 'a'.repeat(39)],
])('makes of "%s" the slug "%s"', (name, slug) => {
  expect(slugOf(name)).toBe(slug)
  expect(isSlug(slug)).toBe(true)
})

it.each(['', '-a', 'a-', 'A', 'a_b', 'a'.repeat(41)])('takes "%s" for no slug', (text) => {
  expect(isSlug(text)).toBe(false)
})
