import { describe, expect, it } from 'vitest'
import type { Server } from '../model/server.ts'
import { offeredTools } from './offered-tools.ts'
import type { ServerOffer } from './workspace-index.ts'

function offer(name: string, tools: string[], more: Partial<Server> = {}): ServerOffer {
  const server: Server = {
    id: name,
    workspaceId: 'w',
    name,
    target: { kind: 'remote', url: 'https://mcp.example', transport: 'auto', headers: {} },
    enabled: true,
    prefix: 'on-collision',
    tools: {},
    isolation: 'shared',
    timeoutMs: 1,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  }
  const definitions = tools.map((tool) => ({ name: tool, inputSchema: { type: 'object' } }))
  return { server, tools: definitions, prompts: [], resources: [], templates: [] }
}

const shown = (offers: ServerOffer[], id: string) =>
  offeredTools(offers, id).map(({ tool, shownAs, state }) => [tool, shownAs, state])

describe('the tools a server offers', () => {
  it('have the names that the workspace shows, whatever others offer', () => {
    const offers = [offer('git', ['list', 'push']), offer('notes', ['list'])]
    expect(shown(offers, 'git')).toEqual([
      ['list', 'git__list', 'shown'],
      ['push', 'push', 'shown'],
    ])
  })

  it('that are off have the name they would have, and change none of the others', () => {
    const offers = [offer('git', ['list', 'push'], { tools: { deny: ['list'] } }), offer('notes', ['list'])]
    expect(shown(offers, 'git')).toEqual([
      ['list', 'git__list', 'off'],
      ['push', 'push', 'shown'],
    ])
    expect(shown(offers, 'notes')).toEqual([['list', 'list', 'shown']])
  })

  it('are held back only where they are not off', () => {
    const selected = offer('git', ['list', 'push'], { tools: { deny: ['list'] } })
    const offers = [{ ...selected, heldBack: new Set(['list', 'push']) }]
    expect(shown(offers, 'git')).toEqual([
      ['list', 'list', 'off'],
      ['push', 'push', 'held'],
    ])
  })

  it('are none of a server that is not there', () => {
    expect(offeredTools([offer('git', ['list'])], 'notes')).toEqual([])
  })

  it('are each there once, as it was listed last', () => {
    const twice = offer('git', ['list', 'list'])
    Object.assign(twice.tools[1] ?? {}, { title: 'The second' })
    expect(offeredTools([twice], 'git')).toMatchObject([{ definition: { title: 'The second' } }])
  })
})
