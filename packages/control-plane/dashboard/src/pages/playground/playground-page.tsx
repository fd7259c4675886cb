import './playground.css'
import '../servers/servers.css'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { toolsQuery } from '../../api/queries.ts'
import type { Tool } from '../../api/shapes.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Page } from '../../parts/page.tsx'
import { useMay } from '../../shell/session.tsx'
import { ToolChoice } from './tool-choice.tsx'
import { ToolPanel } from './tool-panel.tsx'

/** Calls tools by hand, as an agent would. */
export function PlaygroundPage() {
  const { slug } = useParams({ from: '/inside/w/$slug/playground' })
  const tools = useQuery(toolsQuery(slug))
  return (
    <Page
      title="Playground"
      lead="Call a tool by hand. It is a real call: it does what it does, and it is logged."
    >
      <Loaded query={tools} height="24rem">
        {({ items }) =>
          items.length === 0 ? <NoTools slug={slug} /> : <Playground slug={slug} tools={items} />
        }
      </Loaded>
    </Page>
  )
}

function NoTools({ slug }: { slug: string }) {
  const may = useMay()
  return (
    <Card>
      <Empty
        title="There are no tools to call"
        action={
          may('server.read') && (
            <ButtonLink to="/w/$slug/servers" params={{ slug }} look="main">
              Look at the servers
            </ButtonLink>
          )
        }
      >
        Tools come with servers. If there are servers, they may be off, or out of reach for your token.
      </Empty>
    </Card>
  )
}

function Playground({ slug, tools }: { slug: string; tools: readonly Tool[] }) {
  const { tool: chosen } = useSearch({ from: '/inside/w/$slug/playground' })
  const navigate = useNavigate()
  // Where there is no room for both, the list makes way for the tool.
  const [choosing, setChoosing] = useState(chosen === undefined)
  const choose = (tool: string) => {
    setChoosing(false)
    void navigate({ to: '.', search: { tool }, resetScroll: false })
  }
  return (
    <div className={choosing ? 'playground choosing' : 'playground'}>
      <ToolChoice tools={tools} chosen={chosen} onChoose={choose} />
      <div className="stack playground-tool">
        <div className="only-narrow">
          <Button onClick={() => setChoosing(true)}>Choose another tool</Button>
        </div>
        <Chosen slug={slug} tools={tools} chosen={chosen} />
      </div>
    </div>
  )
}

function Chosen({
  slug,
  tools,
  chosen,
}: {
  slug: string
  tools: readonly Tool[]
  chosen: string | undefined
}) {
  if (chosen === undefined)
    return (
      <Card>
        <Empty title="Choose a tool">The form for its arguments appears here.</Empty>
      </Card>
    )
  const tool = tools.find(({ name }) => name === chosen)
  return (
    <>
      {tool === undefined && (
        <Notice tone="warn" title={`${chosen} is not among your tools`}>
          It may be off, held back, gone, or shown only to clients that can do more. You can call it all the
          same; if it is not there, the call is refused.
        </Notice>
      )}
      <ToolPanel key={`${slug} ${chosen}`} slug={slug} name={chosen} tool={tool} />
    </>
  )
}
