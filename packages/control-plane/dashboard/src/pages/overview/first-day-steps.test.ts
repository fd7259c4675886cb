import { describe, expect, it } from 'vitest'
import type { LogRow, Member, SeenClient, Server, Token } from '../../api/shapes.ts'
import { isComplete, stepsOf } from './first-day-steps.ts'

// What the steps look at; the rest of each shape says nothing to them.
const server = (status: Server['status'], more: Partial<Server> = {}) =>
  ({ enabled: true, status, ...more }) as Server
const credential = { names: ['TOKEN'], version: 1, updatedAt: null }
const call = { seq: 1 } as LogRow
const nobody = { clients: [], tokens: [], members: [{ member: 'you' } as Member], invites: [] }

const state = (known: Parameters<typeof stepsOf>[0]) =>
  Object.fromEntries(stepsOf(known).map(({ id, done }) => [id, done]))

describe('the first day', () => {
  it('asks for no credential where no server needs one', () => {
    expect(state({ ...nobody, servers: [server('ready')] })).toEqual({
      server: true,
      connect: false,
      call: false,
      teammate: false,
    })
  })

  it('is not done while a server waits for its credential', () => {
    const servers = [server('ready', { credential }), server('needs_credential', { credential })]
    const known = { ...nobody, servers, call, tokens: [{} as Token] }
    expect(state(known)).toMatchObject({ credential: false })
    expect(isComplete(stepsOf(known))).toBe(false)
  })

  it('does not wait for a server that is off, nor for a teammate', () => {
    const servers = [
      server('ready', { credential }),
      server('needs_credential', { enabled: false, credential }),
    ]
    const known = { ...nobody, servers, call, tokens: [{} as Token] }
    expect(state(known)).toMatchObject({ credential: true, teammate: false })
    expect(isComplete(stepsOf(known))).toBe(true)
  })

  it('needs no more of a token or a client once a call has come', () => {
    expect(state({ ...nobody, servers: [server('ready')], call })).toMatchObject({
      connect: true,
      call: true,
    })
  })

  it('leaves out what a developer cannot do', () => {
    const known = { servers: [server('needs_credential')], clients: [{} as SeenClient] }
    expect(state(known)).toEqual({ server: false, connect: true, call: false })
  })
})
