import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Play, Square } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Tool } from '../../api/shapes.ts'
import { BASE_PATH } from '../../base-path.ts'
import { duration } from '../../format/numbers.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { TextArea } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { CopyButton } from '../../parts/snippet.tsx'
import { useMay } from '../../shell/session.tsx'
import { Seen } from '../servers/seen.tsx'
import { ToolMark } from '../servers/tool-marks.tsx'
import { type Attempt, firstAttempt, jsonMistake, lastAttempt, rememberAttempt, toForm } from './attempt.ts'
import { CallResult } from './call-result.tsx'
import { asCommand, asCurl } from './copy-as.ts'
import { readDraft, roughValue } from './form/draft.ts'
import { argumentsField } from './form/read-schema.ts'
import { SchemaForm } from './form/schema-form.tsx'
import { RunAs } from './run-as.tsx'
import { type CallRequest, useCall } from './use-call.ts'

interface Props {
  slug: string
  name: string
  /** Undefined for a tool that is not in the list: then there is no form. */
  tool: Tool | undefined
}

export function ToolPanel({ slug, name, tool }: Props) {
  const field = useMemo(() => argumentsField(tool?.definition.inputSchema), [tool])
  const [attempt, setAttempt] = useState(() => lastAttempt(slug, name) ?? startOf(field, tool))
  const [token, setToken] = useState<string>()
  // Mistakes are told when somebody tries to send them, and go away while they are mended.
  const [tried, setTried] = useState(false)
  const [switchMistake, setSwitchMistake] = useState<string>()
  const form = useRef<HTMLFormElement>(null)
  const call = useCall(slug)
  const client = useQueryClient()
  const reading = readDraft(field, attempt.draft)
  const change = (next: Attempt) => {
    setSwitchMistake(undefined)
    setAttempt(next)
    rememberAttempt(slug, name, next)
  }
  const send = (request: CallRequest) =>
    call.mutate(request, {
      // The log and the figures have one call more.
      onSettled: () => void client.invalidateQueries({ queryKey: ['workspace', slug, 'log'] }),
    })
  const run = () => {
    setTried(true)
    const args = argumentsToSend(attempt, reading)
    if (args === undefined) setTimeout(() => showMistake(form.current))
    else if (!call.isPending) send({ name, arguments: args.value, ...(token !== undefined && { token }) })
  }
  return (
    <>
      <Card title={<ToolHead slug={slug} name={name} tool={tool} />}>
        {typeof tool?.definition.description === 'string' && (
          <p className="pre wrap tool-description">
            <Seen text={tool.definition.description} />
          </p>
        )}
        <form
          className="stack"
          ref={form}
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            run()
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run()
          }}
        >
          {tool !== undefined && (
            <ModeSwitch
              mode={attempt.mode}
              onChange={(mode) => {
                if (mode === 'json')
                  return change({ ...attempt, mode, json: pretty(roughValue(field, attempt.draft)) })
                const next = toForm(field, attempt)
                if ('mistake' in next) setSwitchMistake(next.mistake)
                else change(next)
              }}
            />
          )}
          {attempt.mode === 'form' ? (
            <SchemaForm
              field={field}
              draft={attempt.draft}
              onChange={(draft) => change({ ...attempt, draft })}
              mistakes={tried ? reading.mistakes : NONE}
            />
          ) : (
            <TextArea
              label="Arguments as JSON"
              hint="Sent as it is typed; the server judges it."
              value={attempt.json}
              onChange={(json) => change({ ...attempt, json })}
              mistake={switchMistake ?? (tried ? jsonMistake(attempt.json) : undefined)}
              rows={6}
              mono
            />
          )}
          {tried && attempt.mode === 'form' && reading.mistakes.size > 0 && (
            <Notice tone="bad" title="Not sent yet">
              {reading.mistakes.size === 1
                ? 'One field needs another look.'
                : `${reading.mistakes.size} fields need another look.`}
            </Notice>
          )}
          <RunAs slug={slug} token={token} onChange={setToken} />
          <div className="row">
            <Button type="submit" look="main" busy={call.isPending}>
              {!call.isPending && <Play size={16} aria-hidden="true" />}
              Run
            </Button>
            {call.isPending && <Running onCancel={call.cancel} />}
            <span className="soft small only-wide">Ctrl+Enter runs it, too</span>
          </div>
        </form>
        <CopyAs slug={slug} name={name} json={jsonOf(attempt, reading)} />
      </Card>
      {call.isError && <ErrorNotice error={call.error} />}
      {call.data?.kind === 'cancelled' && (
        <Notice title="Cancelled">The server was told to stop. What it had done by then stays done.</Notice>
      )}
      {call.data?.kind === 'answered' && !call.isPending && (
        <CallResult slug={slug} {...call.data} onAnswer={send} />
      )}
    </>
  )
}

/** To the first thing that is wrong, once it is on the screen. */
function showMistake(form: HTMLFormElement | null): void {
  const first = form?.querySelector<HTMLElement>('[aria-invalid="true"], .mistake')
  first?.focus({ preventScroll: true })
  first?.scrollIntoView({ block: 'center' })
}

const NONE: ReadonlyMap<string, string> = new Map()

function startOf(field: ReturnType<typeof argumentsField>, tool: Tool | undefined): Attempt {
  const attempt = firstAttempt(field)
  return tool === undefined ? { ...attempt, mode: 'json' } : attempt
}

type Reading = ReturnType<typeof readDraft>

/** Undefined where a mistake is to be mended first. */
function argumentsToSend({ mode, json }: Attempt, { sent }: Reading): { value: unknown } | undefined {
  if (mode === 'form') return sent
  return jsonMistake(json) === undefined ? { value: json } : undefined
}

/** The arguments as one line of JSON, as far as they are right. */
function jsonOf({ mode, json }: Attempt, { sent }: Reading): string | undefined {
  if (mode === 'form') return sent && JSON.stringify(sent.value)
  return jsonMistake(json) === undefined ? json : undefined
}

function pretty(value: unknown): string {
  return JSON.stringify(value ?? {}, null, 2)
}

function ToolHead({ slug, name, tool }: Props) {
  const may = useMay()
  const annotations = (tool?.definition.annotations ?? {}) as Record<string, unknown>
  const readOnly = annotations.readOnlyHint === true
  return (
    <span className="row">
      <code className="wrap">{name}</code>
      {tool !== undefined && (
        <>
          <ToolMark readOnly={readOnly} destructive={!readOnly && annotations.destructiveHint !== false} />
          {may('server.read') && (
            <Link className="small" to="/w/$slug/servers/$server" params={{ slug, server: tool.server }}>
              Server {tool.server}
            </Link>
          )}
        </>
      )}
    </span>
  )
}

function ModeSwitch({
  mode,
  onChange,
}: {
  mode: Attempt['mode']
  onChange: (mode: Attempt['mode']) => void
}) {
  const choice = (value: Attempt['mode'], label: string) => (
    <button type="button" aria-pressed={mode === value} onClick={() => mode !== value && onChange(value)}>
      {label}
    </button>
  )
  return (
    <fieldset className="segments" aria-label="How to write the arguments">
      {choice('form', 'Form')}
      {choice('json', 'Raw JSON')}
    </fieldset>
  )
}

function Running({ onCancel }: { onCancel: () => void }) {
  const [startedAt] = useState(() => performance.now())
  const [now, setNow] = useState(startedAt)
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100)
    return () => clearInterval(timer)
  }, [])
  return (
    <>
      <Button onClick={onCancel}>
        <Square size={14} aria-hidden="true" />
        Cancel
      </Button>
      <span className="soft number">{duration(Math.max(100, now - startedAt))}</span>
    </>
  )
}

function CopyAs({ slug, name, json }: { slug: string; name: string; json: string | undefined }) {
  if (json === undefined)
    return <p className="soft small">It can be copied as a command when the arguments are complete.</p>
  const call = { origin: `${location.origin}${BASE_PATH}`, slug, tool: name, argumentsJson: json }
  return (
    <div className="row">
      <span className="soft small">Copy as</span>
      <CopyButton text={asCurl(call)} label="curl" />
      <CopyButton text={asCommand(call)} label="mcpgw call" />
      <CopyButton text={json} label="JSON arguments" />
    </div>
  )
}
