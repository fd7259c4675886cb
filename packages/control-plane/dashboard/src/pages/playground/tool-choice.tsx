import { useMemo, useState } from 'react'
import type { Tool } from '../../api/shapes.ts'
import { TextField } from '../../parts/fields.tsx'

interface Props {
  tools: readonly Tool[]
  chosen: string | undefined
  onChoose: (tool: string) => void
}

/** All tools by server, to be searched by name and description. */
export function ToolChoice({ tools, chosen, onChoose }: Props) {
  const [search, setSearch] = useState('')
  const groups = useMemo(() => groupsOf(tools, search), [tools, search])
  return (
    <section className="card tool-choice" aria-label="Tools">
      <div className="card-body">
        <TextField
          label={`Search ${tools.length} tools`}
          type="search"
          value={search}
          onChange={setSearch}
          autoComplete="off"
        />
        {groups.length === 0 && <p className="soft">No tool is called that.</p>}
        {groups.map(([server, members]) => (
          <div key={server}>
            <h2 className="soft small">{server}</h2>
            <ul className="plain">
              {members.map(({ name, tool }) => (
                <li key={name}>
                  <button
                    type="button"
                    className="tool-pick"
                    aria-current={name === chosen ? 'true' : undefined}
                    title={name}
                    onClick={() => onChoose(name)}
                  >
                    {tool}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </div>
    </section>
  )
}

function groupsOf(tools: readonly Tool[], search: string): [string, Tool[]][] {
  const words = search.trim().toLowerCase()
  const found = tools.filter(({ name, tool, definition }) =>
    `${name}\n${tool}\n${String(definition.title ?? '')}\n${String(definition.description ?? '')}`
      .toLowerCase()
      .includes(words),
  )
  const groups = new Map<string, Tool[]>()
  for (const tool of found) groups.set(tool.server, [...(groups.get(tool.server) ?? []), tool])
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b))
}
