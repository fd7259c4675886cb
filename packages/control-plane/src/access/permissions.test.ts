import { describe, expect, it } from 'vitest'
import type { Principal } from '../model/principal.ts'
import { ROLES, type Role } from '../model/role.ts'
import { ACTIONS, type Action, may, requirePermission } from './permissions.ts'

function principal(role: Role): Principal {
  const base = { tokenId: 't', member: 'ada', role, rules: {} }
  return role === 'owner' ? base : { ...base, workspaceId: 'home' }
}

const EXPECTED: Record<Action, Role[]> = {
  'workspace.create': ['owner'],
  'workspace.remove': ['owner'],
  'server.host': ['owner'],
  'key.rotate': ['owner'],
  'token.manage-owners': ['owner'],
  'system.read': ['owner'],
  'catalog.manage': ['owner'],
  'workspace.read': ['owner', 'admin', 'developer', 'readonly'],
  'workspace.update': ['owner', 'admin'],
  'server.read': ['owner', 'admin', 'developer'],
  'server.write': ['owner', 'admin'],
  'server.check': ['owner', 'admin'],
  'credential.describe': ['owner', 'admin', 'developer'],
  'credential.write': ['owner', 'admin'],
  'token.manage': ['owner', 'admin'],
  'audit.read-own': ['owner', 'admin', 'developer'],
  'audit.read-all': ['owner', 'admin'],
  'audit.verify': ['owner', 'admin'],
  'tool.use': ['owner', 'admin', 'developer', 'readonly'],
  login: ['owner', 'admin', 'developer', 'readonly'],
}

describe('permissions', () => {
  for (const role of ROLES) {
    it(`lets ${role} do what its role says, and nothing else`, () => {
      const allowed = ACTIONS.filter((action) => may(principal(role), action, 'home'))
      expect(allowed).toEqual(ACTIONS.filter((action) => EXPECTED[action].includes(role)))
    })
  }

  it('lets an owner act in every workspace and outside of any', () => {
    expect(ACTIONS.every((action) => may(principal('owner'), action, 'other'))).toBe(true)
    expect(ACTIONS.every((action) => may(principal('owner'), action))).toBe(true)
  })

  it('lets nobody else do anything in another workspace or without one', () => {
    for (const role of ['admin', 'developer', 'readonly'] as const) {
      for (const action of ACTIONS) {
        expect(may(principal(role), action, 'other')).toBe(false)
        expect(may(principal(role), action)).toBe(false)
      }
    }
  })

  it('gives a principal whose role and scope contradict each other nothing', () => {
    expect(may({ ...principal('owner'), workspaceId: 'home' }, 'tool.use', 'home')).toBe(false)
    expect(may({ tokenId: 't', member: 'ada', role: 'admin', rules: {} }, 'tool.use', 'home')).toBe(false)
  })

  it('answers for another workspace as if it did not exist, whatever the action', () => {
    for (const action of ACTIONS) {
      expect(() => requirePermission(principal('admin'), action, 'other')).toThrow(
        expect.objectContaining({ code: 'not_found', message: 'There is no such workspace.' }),
      )
    }
  })

  it('says which role would do', () => {
    expect(() => requirePermission(principal('developer'), 'server.write', 'home')).toThrow(
      expect.objectContaining({
        code: 'forbidden',
        message: 'The role "developer" does not include "server.write".',
        fix: 'Use a token whose role allows it: admin or owner.',
      }),
    )
    expect(() => requirePermission(principal('admin'), 'workspace.create')).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )
  })

  it('stays silent when the action is allowed', () => {
    expect(() => requirePermission(principal('readonly'), 'tool.use', 'home')).not.toThrow()
  })
})
