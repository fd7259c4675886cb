import { Link } from '@tanstack/react-router'
import { EyeOff, FileDiff, Play } from 'lucide-react'
import type { Selection } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'
import { Badge } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { Empty } from '../../parts/empty.tsx'
import { Switch } from '../../parts/fields.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useMay } from '../../shell/session.tsx'
import { ToolMark } from './tool-marks.tsx'
import { decide } from './tool-selection.ts'
import { type ToolSight, tokensOf } from './tool-sight.ts'

interface Props {
  slug: string
  server: string
  tools: readonly ToolSight[]
  /** Of the last 30 days; undefined while nobody knows. */
  calls: ReadonlyMap<string | null | undefined, number> | undefined
  selection: Selection
  busy?: boolean
  onOpen: (tool: string) => void
  onSwitch?: (tool: ToolSight, on: boolean) => void
}

export function ToolTable(props: Props) {
  const may = useMay()
  return (
    <Table
      caption="Tools"
      rows={props.tools}
      keyOf={({ tool }) => tool}
      columns={columnsFor(props, may('tool.use'))}
      empty={<Empty title="No tool is called that">Search for a part of its name or its description.</Empty>}
    />
  )
}

function columnsFor(props: Props, mayUse: boolean) {
  const { slug, calls, busy, onOpen, onSwitch } = props
  const columns: Column<ToolSight>[] = [
    {
      title: 'Tool',
      sortBy: ({ shownAs }) => shownAs,
      cell: (tool) => <ToolName tool={tool} onOpen={onOpen} />,
    },
    { title: 'Marked', cell: (tool) => <ToolMark {...tool} /> },
    {
      title: 'State',
      sortBy: ({ state }) => state,
      cell: (tool) => <ToolState {...props} tool={tool} />,
    },
    {
      title: 'Size',
      end: true,
      sortBy: ({ bytes }) => bytes,
      cell: ({ bytes }) => (
        <span className="nowrap" title={`${count(bytes)} bytes of a model's context, about four to a token`}>
          ≈ {count(tokensOf(bytes))} tokens
        </span>
      ),
    },
  ]
  if (calls !== undefined)
    columns.push({
      title: 'Calls, 30 days',
      end: true,
      sortBy: ({ tool }) => calls.get(tool) ?? 0,
      cell: ({ tool }) => {
        const made = calls.get(tool) ?? 0
        return made === 0 ? (
          <span className="soft" title="Unused for 30 days">
            Unused
          </span>
        ) : (
          count(made)
        )
      },
    })
  if (mayUse)
    columns.push({
      title: 'Try',
      cell: ({ shownAs, state }) =>
        state === 'shown' && (
          <ButtonLink
            small
            look="quiet"
            to="/w/$slug/playground"
            params={{ slug }}
            search={{ tool: shownAs }}
            aria-label={`Try ${shownAs}`}
          >
            <Play size={15} aria-hidden="true" />
            Try
          </ButtonLink>
        ),
    })
  if (onSwitch !== undefined)
    columns.push({
      title: 'On',
      cell: (tool) => (
        <Switch
          label={`${tool.shownAs} is on`}
          checked={tool.state !== 'off'}
          disabled={busy === true || tool.needsTasks === true}
          onChange={(on) => onSwitch(tool, on)}
        />
      ),
    })
  return columns
}

function ToolName({ tool, onOpen }: { tool: ToolSight; onOpen: (tool: string) => void }) {
  const { shownAs, title, description } = tool
  return (
    <span className="tool-name">
      <button type="button" className="as-link mono wrap" onClick={() => onOpen(tool.tool)}>
        {shownAs}
      </button>
      {title !== null && title !== shownAs && <span className="small">{title}</span>}
      {description !== null && <span className="soft small two-lines">{description}</span>}
    </span>
  )
}

function ToolState({ slug, server, selection, tool }: Props & { tool: ToolSight }) {
  if (tool.state === 'shown') return <Badge tone="good">Shown</Badge>
  if (tool.state === 'held')
    return (
      <Link to="/w/$slug/servers/$server" params={{ slug, server }} search={{ tab: 'changes' }}>
        <Badge tone="warn" icon={FileDiff} title="Its definition has changed and waits for approval">
          Held back
        </Badge>
      </Link>
    )
  return (
    <Badge icon={EyeOff} title={whyOff(tool, selection)}>
      Off
      {tool.needsTasks !== true && decide(selection, tool.tool) === 'not_allowed' ? ': not in the list' : ''}
    </Badge>
  )
}

function whyOff({ tool, needsTasks }: ToolSight, selection: Selection): string {
  if (needsTasks === true) return 'It needs tasks, which the gateway does not carry on'
  if (decide(selection, tool) === 'denied') return 'It stands in the list of tools that are off'
  return 'It does not stand in the list of tools that are on'
}
