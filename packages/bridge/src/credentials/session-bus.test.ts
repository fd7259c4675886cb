import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findSessionBus } from './session-bus.ts'

it('finds the bus of the session when nobody passes its address on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-runtime-'))
  writeFileSync(join(folder, 'bus'), '')
  expect(findSessionBus({ XDG_RUNTIME_DIR: folder }, 4_000_000)).toBe(`unix:path=${join(folder, 'bus')}`)
})

it('leaves an address that was passed on alone, and invents none', () => {
  expect(findSessionBus({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' }, 4_000_000)).toBeUndefined()
  expect(findSessionBus({ XDG_RUNTIME_DIR: '/nonexistent' }, 4_000_000)).toBeUndefined()
})
