import { describe, expect, it } from 'vitest'
import { compilePolicy } from '../access/policy.ts'
import type { Era } from '../model/server.ts'
import { type Caller, wantsLog } from './caller.ts'

const principal = { tokenId: 't', member: 'm', role: 'developer', rules: {} } as const

const caller = (era: Era, logLevel: string | undefined): Caller => ({
  principal,
  policy: compilePolicy(principal),
  era,
  client: undefined,
  clientInfo: undefined,
  capabilities: {},
  profile: { capabilities: {}, capabilityKey: '', session: '', member: 'm' },
  logLevel,
})

const SEVERITIES = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

describe('log messages', () => {
  it.each(SEVERITIES)('reach a client that asked for %s from that level on, in both eras', (level) => {
    for (const era of ['legacy', 'modern'] as const) {
      const heard = SEVERITIES.filter((severity) => wantsLog(caller(era, level), severity))
      expect(heard).toEqual(SEVERITIES.slice(SEVERITIES.indexOf(level)))
    }
  })

  it('all reach a legacy client that said nothing, and none a modern one', () => {
    expect(SEVERITIES.every((severity) => wantsLog(caller('legacy', undefined), severity))).toBe(true)
    expect(SEVERITIES.some((severity) => wantsLog(caller('modern', undefined), severity))).toBe(false)
  })

  it('of a level that nobody knows are kept from a client that chose one', () => {
    for (const severity of ['loud', undefined, 5, {}])
      expect(wantsLog(caller('legacy', 'debug'), severity)).toBe(false)
  })
})
