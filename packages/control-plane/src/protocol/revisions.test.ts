import { expect, it } from 'vitest'
import { isLegacyRevision, LEGACY_REVISIONS, MODERN_REVISION, negotiateLegacyRevision } from './revisions.ts'

it('speaks each legacy revision with whoever asks for it', () => {
  for (const revision of LEGACY_REVISIONS) expect(negotiateLegacyRevision(revision)).toBe(revision)
})

it('never answers initialize with a modern revision, whatever is asked', () => {
  const asked = [MODERN_REVISION, '2099-01-01', '1', '', undefined, null, 5, {}, ['2024-11-05']]
  for (const revision of asked) expect(negotiateLegacyRevision(revision)).toBe('2025-11-25')
})

it('counts the modern revision as none with sessions', () => {
  expect(isLegacyRevision(MODERN_REVISION)).toBe(false)
  expect(isLegacyRevision('2024-11-05')).toBe(true)
})
