import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { serverToolsQuery, statsQuery, toolsQuery } from '../../api/queries.ts'
import { changeServer } from '../../api/servers.ts'
import type { Selection, Server, ServerTool, Tool } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { daysAgo } from '../../format/periods.ts'
import { Card } from '../../parts/card.tsx'
import { Empty } from '../../parts/empty.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { TextField } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { useSay } from '../../parts/toasts.tsx'
import { useMay } from '../../shell/session.tsx'
import { SelectionRule } from './selection-rule.tsx'
import { ToolDialog } from './tool-dialog.tsx'
import { switchTool } from './tool-selection.ts'
import { sightOf, type ToolSight } from './tool-sight.ts'
import { ToolTable } from './tool-table.tsx'

export function ServerTools({ slug, server }: { slug: string; server: Server }) {
  const may = useMay()
  return may('server.write') ? (
    <ManagedTools slug={slug} server={server} />
  ) : (
    <SeenTools slug={slug} server={server} />
  )
}

/** Everything the server offers, to be switched on and off. */
function ManagedTools({ slug, server }: { slug: string; server: Server }) {
  const tools = useQuery(serverToolsQuery(slug, server.name))
  const select = useSelection(slug, server.name)
  return (
    <Loaded query={tools} height="20rem">
      {({ items }) => (
        <>
          <SelectionRule
            selection={server.toolRules}
            offered={items.map(({ tool }) => tool)}
            busy={select.isPending}
            onChange={(selection) => select.mutate({ selection, words: 'The selection is changed.' })}
          />
          <ToolList
            slug={slug}
            server={server}
            tools={items.map(sightOf)}
            busy={select.isPending}
            onSwitch={({ tool, shownAs }, on) =>
              select.mutate({
                selection: switchTool(server.toolRules, tool, on),
                words: `${shownAs} is ${on ? 'on' : 'off'}.`,
              })
            }
          />
        </>
      )}
    </Loaded>
  )
}

/** The same tools as whoever only uses them sees them. */
function SeenTools({ slug, server }: { slug: string; server: Server }) {
  const tools = useQuery(toolsQuery(slug))
  return (
    <Loaded query={tools} height="20rem">
      {({ items }) => (
        <ToolList
          slug={slug}
          server={server}
          tools={items.filter((tool) => tool.server === server.name).map(asSeen)}
        />
      )}
    </Loaded>
  )
}

function asSeen({ name, tool, definition }: Tool): ToolSight {
  const annotations = (definition.annotations ?? {}) as Record<string, unknown>
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const seen: ServerTool = {
    tool,
    shownAs: name,
    title: text(definition.title) ?? text(annotations.title),
    description: text(definition.description),
    readOnly: annotations.readOnlyHint === true,
    destructive: annotations.readOnlyHint !== true && annotations.destructiveHint !== false,
    state: 'shown',
    definition,
  }
  return sightOf(seen)
}

function useSelection(slug: string, server: string) {
  const refresh = useRefresh()
  const say = useSay()
  return useMutation({
    async mutationFn({ selection, words }: { selection: Selection; words: string }) {
      await changeServer(slug, server, { tools: selection })
      await refresh(slug)
      say.done(words)
    },
    onError: say.failed,
  })
}

interface ListProps {
  slug: string
  server: Server
  tools: readonly ToolSight[]
  busy?: boolean
  onSwitch?: (tool: ToolSight, on: boolean) => void
}

function ToolList({ slug, server, tools, busy, onSwitch }: ListProps) {
  const may = useMay()
  const [search, setSearch] = useState('')
  const [opened, setOpened] = useState<string>()
  const counted = may('audit.read-all')
  const usage = useQuery({
    ...statsQuery(slug, { server: server.name, by: 'tool', from: daysAgo(30), limit: 500 }),
    enabled: counted,
  })
  const calls = usage.data && new Map(usage.data.items.map((item) => [item.tool, item.calls]))
  const found = tools.filter((tool) => tool.words.includes(search.trim().toLowerCase()))
  const shown = tools.find(({ tool }) => tool === opened)
  if (tools.length === 0) return <NoTools server={server} />
  return (
    <>
      <div className="filters">
        <TextField
          label={`Search ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`}
          type="search"
          value={search}
          onChange={setSearch}
        />
      </div>
      {usage.isError && <ErrorNotice error={usage.error} retry={() => void usage.refetch()} />}
      <Card flush>
        <ToolTable
          slug={slug}
          server={server.name}
          tools={found}
          calls={calls}
          selection={server.toolRules}
          onOpen={setOpened}
          {...(busy !== undefined && { busy })}
          {...(onSwitch && { onSwitch })}
        />
      </Card>
      {shown !== undefined && <ToolDialog slug={slug} tool={shown} onClose={() => setOpened(undefined)} />}
    </>
  )
}

function NoTools({ server: { enabled, status } }: { server: Server }) {
  return (
    <Card>
      <Empty title="No tools to show">
        {!enabled
          ? 'The server is off. Its tools come back when it is switched on.'
          : status === 'ready'
            ? 'The server answers, and offers none. It may have resources or prompts.'
            : 'They are listed as soon as the server can be reached.'}
      </Empty>
    </Card>
  )
}
