import { expect, it } from 'vitest'
import { chooseWayToLogIn } from './way-to-log-in.ts'

const nothing = { device: false, browser: false, open: true }
const desktop = {
  environment: { DISPLAY: ':0' },
  platform: 'linux',
  isContainer: false,
  hasTerminal: true,
} as const

it.each([
  ['on a Linux desktop', desktop, 'browser'],
  ['on a Wayland desktop', { ...desktop, environment: { WAYLAND_DISPLAY: 'wayland-0' } }, 'browser'],
  ['on a Linux without a display', { ...desktop, environment: {} }, 'device'],
  ['over SSH', { ...desktop, environment: { DISPLAY: ':10', SSH_CONNECTION: '10.0.0.1' } }, 'device'],
  ['in a container', { ...desktop, isContainer: true }, 'device'],
  ['on a Mac', { ...desktop, platform: 'darwin', environment: {} }, 'browser'],
  ['on a Mac over SSH', { ...desktop, platform: 'darwin', environment: { SSH_CONNECTION: 'x' } }, 'device'],
  ['on Windows', { ...desktop, platform: 'win32', environment: {} }, 'browser'],
  ['where CI is said to be off', { ...desktop, environment: { DISPLAY: ':0', CI: 'false' } }, 'browser'],
] as const)('%s takes the way that works', (_, surroundings, way) => {
  expect(chooseWayToLogIn(nothing, surroundings)).toBe(way)
})

it('does as it is told', () => {
  const ci = { ...desktop, environment: { CI: 'true' }, hasTerminal: false }
  expect(chooseWayToLogIn({ ...nothing, device: true }, ci)).toBe('device')
  expect(chooseWayToLogIn({ ...nothing, browser: true }, ci)).toBe('browser')
  expect(chooseWayToLogIn({ ...nothing, open: false }, ci)).toBe('device')
})

it('refuses where nobody could answer, and when told two things at once', () => {
  expect(() => chooseWayToLogIn(nothing, { ...desktop, hasTerminal: false })).toThrow('not a terminal')
  expect(() => chooseWayToLogIn(nothing, { ...desktop, environment: { CI: '1' } })).toThrow('CI run')
  expect(() => chooseWayToLogIn({ device: true, browser: true, open: true }, desktop)).toThrow('not by both')
})
