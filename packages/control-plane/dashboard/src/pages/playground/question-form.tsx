import { ExternalLink } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Button } from '../../parts/button.tsx'
import { Notice } from '../../parts/notice.tsx'
import { firstAttempt } from './attempt.ts'
import { readDraft } from './form/draft.ts'
import type { JsonObject } from './form/json.ts'
import { argumentsField } from './form/read-schema.ts'
import { SchemaForm } from './form/schema-form.tsx'
import { type Question, questionsIn, type Reply } from './questions.ts'
import { webAddress } from './safe-media.ts'

interface Props {
  inputRequired: JsonObject
  onReply: (replies: ReadonlyMap<string, Reply>) => void
}

/** Everything a server asks before it goes on, answered together in a second round. */
export function QuestionForm({ inputRequired, onReply }: Props) {
  const questions = useMemo(() => questionsIn(inputRequired), [inputRequired])
  const [replies, setReplies] = useState<ReadonlyMap<string, Reply>>(new Map())
  const reply = (key: string, given: Reply) => {
    const all = new Map(replies).set(key, given)
    setReplies(all)
    if (questions.every((question) => all.has(question.key))) onReply(all)
  }
  const open = questions.filter(({ key }) => !replies.has(key))
  if (questions.length === 0)
    return (
      <Notice title="The server wants to be asked again">
        <p>
          <Button small onClick={() => onReply(new Map())}>
            Go on
          </Button>
        </p>
      </Notice>
    )
  return (
    <div className="stack far">
      {open.map((question) => (
        <OneQuestion key={question.key} question={question} onReply={(given) => reply(question.key, given)} />
      ))}
    </div>
  )
}

function OneQuestion({ question, onReply }: { question: Question; onReply: (reply: Reply) => void }) {
  return (
    <div className="stack">
      {question.message !== '' && <p className="strong wrap pre">{question.message}</p>}
      {question.kind === 'form' && <FormQuestion schema={question.schema} onReply={onReply} />}
      {question.kind === 'page' && <PageQuestion url={question.url} onReply={onReply} />}
      {question.kind === 'other' && (
        <Notice tone="warn" title={`The server asks for ${question.method}`}>
          <p>Only a client with a model can answer that.</p>
          <p>
            <Button small onClick={() => onReply({ action: 'cancel' })}>
              Say that it is not answered
            </Button>
          </p>
        </Notice>
      )}
    </div>
  )
}

function FormQuestion({ schema, onReply }: { schema: unknown; onReply: (reply: Reply) => void }) {
  const field = useMemo(() => argumentsField(schema), [schema])
  const [draft, setDraft] = useState(() => firstAttempt(field).draft)
  const [tried, setTried] = useState(false)
  const { sent, mistakes } = readDraft(field, draft)
  return (
    <form
      className="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (sent !== undefined) onReply({ action: 'accept', content: sent.value })
      }}
    >
      <Notice tone="warn">The server gets what you type here. Give it no passwords and no keys.</Notice>
      <SchemaForm field={field} draft={draft} onChange={setDraft} mistakes={tried ? mistakes : new Map()} />
      <div className="row">
        <Button type="submit" look="main">
          Send the answer
        </Button>
        <Refusals onReply={onReply} />
      </div>
    </form>
  )
}

function PageQuestion({ url, onReply }: { url: unknown; onReply: (reply: Reply) => void }) {
  const address = webAddress(url)
  return (
    <>
      {address === undefined ? (
        <Notice tone="bad" title="The server asks to open something that is no web page">
          <code className="wrap">{String(url)}</code>
        </Notice>
      ) : (
        <p className="wrap">
          It asks you to open{' '}
          <a href={address} target="_blank" rel="noopener noreferrer nofollow">
            <code className="wrap">{address}</code> <ExternalLink size={13} aria-label="opens in a new tab" />
          </a>
          . The page is at <strong>{new URL(address).host}</strong>: open it only if you trust that.
        </p>
      )}
      <div className="row">
        {address !== undefined && (
          <Button look="main" onClick={() => onReply({ action: 'accept' })}>
            I agree, go on
          </Button>
        )}
        <Refusals onReply={onReply} />
      </div>
    </>
  )
}

function Refusals({ onReply }: { onReply: (reply: Reply) => void }) {
  return (
    <>
      <Button onClick={() => onReply({ action: 'decline' })}>Decline</Button>
      <Button look="quiet" onClick={() => onReply({ action: 'cancel' })}>
        Dismiss
      </Button>
    </>
  )
}
