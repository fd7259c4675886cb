import { Play } from 'lucide-react'
import { bytes, count } from '../../format/numbers.ts'
import { ButtonLink } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { useMay } from '../../shell/session.tsx'
import { SchemaView } from './schema-view.tsx'
import { Seen } from './seen.tsx'
import { ToolMark } from './tool-marks.tsx'
import { type ToolSight, tokensOf } from './tool-sight.ts'

/** All there is to know of one tool. */
export function ToolDialog({ slug, tool, onClose }: { slug: string; tool: ToolSight; onClose: () => void }) {
  const may = useMay()
  const { shownAs, title, description, definition } = tool
  return (
    <Dialog title={shownAs} wide onClose={onClose}>
      <div className="row">
        <ToolMark {...tool} />
        {title !== null && <span className="wrap">{title}</span>}
      </div>
      {description !== null && (
        <p className="pre wrap">
          <Seen text={description} />
        </p>
      )}
      <dl className="facts">
        <dt>Name at the server</dt>
        <dd>
          <code>{tool.tool}</code>
        </dd>
        <dt>Size</dt>
        <dd>
          {bytes(tool.bytes)}, ≈ {count(tokensOf(tool.bytes))} tokens
        </dd>
      </dl>
      <h3>Arguments</h3>
      <SchemaView schema={definition.inputSchema} />
      <details className="disclosure">
        <summary>The definition as the server gives it</summary>
        <Snippet text={JSON.stringify(definition, null, 2)} />
      </details>
      {tool.state === 'shown' && may('tool.use') && (
        <div className="dialog-foot">
          <ButtonLink look="main" to="/w/$slug/playground" params={{ slug }} search={{ tool: shownAs }}>
            <Play size={16} aria-hidden="true" />
            Try it in the playground
          </ButtonLink>
        </div>
      )}
    </Dialog>
  )
}
