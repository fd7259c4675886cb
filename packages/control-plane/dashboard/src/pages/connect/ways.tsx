import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { Badge } from '../../parts/badge.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { ByHand } from './by-hand.tsx'
import type { ClientFacts } from './client-facts.ts'
import type { System } from './launch.ts'
import { bridgeCommand, oneClickLinks, ownCommand } from './set-up.ts'

type Way = 'click' | 'command' | 'hand'

const WAY_WORD: Record<Way, string> = { click: 'One click', command: 'Command', hand: 'By hand' }

interface Props {
  client: ClientFacts
  system: System
  url: string
}

/** The ways to add the workspace to one client, the easiest first. */
export function Ways({ client, system, url }: Props) {
  const [wanted, setWanted] = useState<Way>()
  const links = oneClickLinks(client, system, url)
  const ways: readonly Way[] = links.length > 0 ? ['click', 'command', 'hand'] : ['command', 'hand']
  const way = ways.find((one) => one === wanted) ?? ways[0]
  if (client.files[system].length === 0)
    return <Notice tone="warn">{client.name} does not run on this system. Choose another one above.</Notice>
  return (
    <div className="stack">
      <fieldset className="segments" aria-label="Way to add it">
        {ways.map((one) => (
          <button key={one} type="button" aria-pressed={one === way} onClick={() => setWanted(one)}>
            {WAY_WORD[one]}
          </button>
        ))}
      </fieldset>
      {way === 'click' && <Click client={client} system={system} url={url} />}
      {way === 'command' && <Commands client={client} system={system} url={url} />}
      {way === 'hand' && <ByHand key={client.id} client={client} system={system} url={url} />}
      <Remarks client={client} />
    </div>
  )
}

function Click({ client, system, url }: Props) {
  const links = oneClickLinks(client, system, url)
  return (
    <div className="stack close">
      <div className="row">
        {links.map(({ label, href }, index) => (
          <a key={href} className={index === 0 ? 'button main' : 'button'} href={href} rel="noreferrer">
            <ExternalLink size={16} aria-hidden="true" />
            {label}
          </a>
        ))}
      </div>
      <p className="soft small">
        Opens {client.name} and asks there. The link holds the address of this workspace and no token.
        {links.map(
          ({ through }) => through !== undefined && ` It goes through ${through}, which sees the address.`,
        )}
      </p>
    </div>
  )
}

function Commands({ client, system, url }: Props) {
  const own = ownCommand(client, system, url)
  return (
    <div className="stack">
      <div className="stack close">
        <p>
          Shows what it will change in the configuration of {client.name}, asks, and keeps a copy of the old
          one.
        </p>
        <Snippet text={bridgeCommand(url, `install --client ${client.id}`)} fold />
      </div>
      {own !== undefined && (
        <div className="stack close">
          <p>
            Or with <code>{own.program}</code>, the command of {client.name} itself:
          </p>
          <Snippet text={own.command} fold />
        </div>
      )}
    </div>
  )
}

function Remarks({ client: { remarks = [] } }: { client: ClientFacts }) {
  if (remarks.length === 0) return null
  return (
    <ul className="plain stack close">
      {remarks.map(({ tone, word, sentence }) => (
        <li key={word} className="row">
          <Badge tone={tone}>{word}</Badge>
          <span className="soft small">{sentence}</span>
        </li>
      ))}
    </ul>
  )
}
