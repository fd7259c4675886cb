import type { OfferedTool } from '../model/inspector.ts'
import { buildIndex, isOffered, needsTasks, type ServerOffer, withoutRepeats } from './workspace-index.ts'

/** Every tool of one server, with the names that the workspace shows, or would if the server's selection let them. */
export function offeredTools(offers: readonly ServerOffer[], serverId: string): OfferedTool[] {
  const offer = offers.find(({ server }) => server.id === serverId)
  if (offer === undefined) return []
  const shown = shownNames(offers, serverId)
  const wouldBe = shownNames(
    offers.map((other) => (other === offer ? unselected(other) : other)),
    serverId,
  )
  return withoutRepeats(offer.tools, ({ name }) => name).map((tool) => ({
    tool: tool.name,
    shownAs: shown.get(tool.name) ?? wouldBe.get(tool.name) ?? tool.name,
    state: stateOf(offer, tool),
    needsTasks: needsTasks(tool),
    definition: tool,
  }))
}

function stateOf(
  { server, heldBack }: ServerOffer,
  tool: ServerOffer['tools'][number],
): OfferedTool['state'] {
  if (needsTasks(tool) || !isOffered(server, tool.name)) return 'off'
  return heldBack?.has(tool.name) === true ? 'held' : 'shown'
}

function unselected({ server, ...offer }: ServerOffer): ServerOffer {
  return { ...offer, server: { ...server, tools: {} } }
}

function shownNames(offers: readonly ServerOffer[], serverId: string): Map<string, string> {
  const { tools } = buildIndex(offers)
  const own = [...tools.values()].filter(({ server }) => server.id === serverId)
  return new Map(own.map((route) => [route.own, route.shown]))
}
