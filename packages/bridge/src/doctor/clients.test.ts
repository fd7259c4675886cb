import { expect, it } from 'vitest'
import { judgeClient } from './clients.ts'

const entry = { client: 'cursor', name: 'Cursor', file: '/home/ada/.cursor/mcp.json' }

it.each([
  ['right', 'ok', undefined],
  ['absent', 'skipped', 'Type: mcpgw install --client cursor'],
  ['outdated', 'warning', 'Type: mcpgw install --client cursor'],
  ['other_workspace', 'warning', 'Type: mcpgw install --client cursor'],
  ['broken', 'failed', 'Mend the file, then try again.'],
  ['secret_inside', 'failed', 'Take the token out of the file and have it revoked.'],
] as const)('tells what is %s about a client as %s', (state, status, fix) => {
  const seen = judgeClient({ ...entry, state }, false)
  expect(seen.status).toBe(status)
  expect(seen.fix).toBe(fix)
  expect(seen.message).toContain(entry.file)
})

it('takes a missing entry for a warning where that client was asked for', () => {
  expect(judgeClient({ ...entry, state: 'absent' }, true).status).toBe('warning')
})

it('passes on what the inspection says about it', () => {
  const state = { ...entry, state: 'broken', detail: 'line 3, column 1', fix: 'Remove the comma.' } as const
  expect(judgeClient(state, false)).toEqual({
    status: 'failed',
    message: 'Cursor: its configuration cannot be read (line 3, column 1), in /home/ada/.cursor/mcp.json',
    fix: 'Remove the comma.',
  })
})
