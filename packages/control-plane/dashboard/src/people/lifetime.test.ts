import { expect, it } from 'vitest'
import { asDay, lifetimeMistake, lifetimeSeconds } from './lifetime.ts'

const noon = new Date('2026-03-10T12:00:00').getTime()

it('counts presets in days, and nothing for what never ends', () => {
  expect(lifetimeSeconds({ choice: '14', date: '' }, noon)).toBe(14 * 86_400)
  expect(lifetimeSeconds({ choice: 'never', date: '' }, noon)).toBeUndefined()
})

it('lets a chosen day count to its end', () => {
  expect(lifetimeSeconds({ choice: 'date', date: '2026-03-10' }, noon)).toBe(12 * 3600 - 1)
})

it.each([
  ['', 'Choose a day.'],
  ['2026-03-09', 'Choose a day that is not over.'],
  ['2040-01-01', 'Choose a day within the next ten years.'],
  ['2026-03-10', undefined],
])('says what is wrong with the day "%s"', (date, mistake) => {
  expect(lifetimeMistake({ choice: 'date', date }, noon)).toBe(mistake)
})

it('names days in the time zone of the reader', () => {
  expect(asDay(new Date('2026-03-10T00:30:00').getTime())).toBe('2026-03-10')
  expect(asDay(new Date('2026-03-10T23:30:00').getTime())).toBe('2026-03-10')
})
