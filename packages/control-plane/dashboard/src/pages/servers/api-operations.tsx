import { useState } from 'react'
import type { ApiOperation, ApiReading } from '../../api/shapes.ts'
import { count } from '../../format/numbers.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { CheckField, TextField } from '../../parts/fields.tsx'
import { found } from './api-draft.ts'

interface Props {
  reading: ApiReading
  chosen: ReadonlySet<string>
  onChange: (chosen: ReadonlySet<string>) => void
}

/** What a document has to choose from. Nothing is chosen until somebody does. */
export function ApiOperations({ reading, chosen, onChange }: Props) {
  const [search, setSearch] = useState('')
  const { operations, leftOut } = reading
  const shown = found(operations, search)
  const add = (more: readonly ApiOperation[]) =>
    onChange(new Set([...chosen, ...more.map(({ tool }) => tool)]))
  return (
    <fieldset>
      <legend>Operations</legend>
      <TextField
        label={`Search ${count(operations.length)} ${operations.length === 1 ? 'operation' : 'operations'}`}
        type="search"
        value={search}
        onChange={setSearch}
        // Enter looks, and does not add the server.
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        autoComplete="off"
        spellCheck={false}
      />
      <div className="row">
        <Button small onClick={() => add(shown.filter(({ readOnly }) => readOnly))}>
          Choose all that only read
        </Button>
        <Button small onClick={() => add(shown)}>
          Choose all
        </Button>
        <Button small look="quiet" disabled={chosen.size === 0} onClick={() => onChange(new Set())}>
          Choose none
        </Button>
        <span className="soft" role="status">
          {count(chosen.size)} of {count(operations.length)} chosen
        </span>
      </div>
      <ul className="plain api-operations" aria-label="Operations">
        {shown.map((operation) => (
          <li key={operation.tool}>
            <CheckField
              label={<OperationLabel operation={operation} />}
              checked={chosen.has(operation.tool)}
              onChange={(on) => {
                const others = [...chosen].filter((tool) => tool !== operation.tool)
                onChange(new Set(on ? [...others, operation.tool] : others))
              }}
            />
          </li>
        ))}
      </ul>
      {leftOut.length > 0 && <LeftOut leftOut={leftOut} />}
    </fieldset>
  )
}

function OperationLabel({ operation }: { operation: ApiOperation }) {
  const { tool, method, path, summary, readOnly, destructive, deprecated } = operation
  return (
    <>
      <code className="wrap">{tool}</code> {readOnly && <Badge tone="good">Reads</Badge>}{' '}
      {destructive && <Badge tone="bad">Deletes</Badge>} {deprecated && <Badge tone="warn">Deprecated</Badge>}
      <span className="hint">
        {method} {path}
        {summary !== undefined && `: ${summary}`}
      </span>
    </>
  )
}

function LeftOut({ leftOut }: Pick<ApiReading, 'leftOut'>) {
  return (
    <details className="disclosure">
      <summary>
        {count(leftOut.length)} {leftOut.length === 1 ? 'operation' : 'operations'} cannot become tools
      </summary>
      <ul className="plain stack close">
        {leftOut.map(({ method, path, reason }) => (
          <li key={`${method} ${path}`}>
            <code className="wrap">
              {method} {path}
            </code>
            <span className="hint"> {reason}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}
