import { Link } from '@tanstack/react-router'
import type { CallAnswer } from '../../api/shapes.ts'
import { Badge, OutcomeBadge } from '../../parts/badge.tsx'
import { Card } from '../../parts/card.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Snippet } from '../../parts/snippet.tsx'
import { useMay } from '../../shell/session.tsx'
import { ContentBlock } from './content-block.tsx'
import { QuestionForm } from './question-form.tsx'
import { secondRound } from './questions.ts'
import { TimingBar } from './timing-bar.tsx'
import type { CallRequest } from './use-call.ts'

interface Props {
  slug: string
  request: CallRequest
  answer: CallAnswer
  /** Calls again with what the server asked for. */
  onAnswer: (request: CallRequest) => void
}

export function CallResult({ slug, request, answer, onAnswer }: Props) {
  const { outcome, result, error, inputRequired, seq } = answer
  const may = useMay()
  return (
    <Card
      title={inputRequired === null ? 'Result' : 'The server asks something first'}
      actions={
        <>
          <OutcomeBadge outcome={outcome} />
          {seq != null && may('audit.read-own') && (
            <Link className="small" to="/w/$slug/audit/$seq" params={{ slug, seq: String(seq) }}>
              In the log
            </Link>
          )}
        </>
      }
    >
      <div className="stack" aria-live="polite">
        <TimingBar latencyMs={answer.latencyMs} upstreamMs={answer.upstreamMs} />
        {error !== null && <Failure error={error} />}
        {inputRequired !== null && (
          <QuestionForm
            // Another round asks anew.
            key={answer.requestId}
            inputRequired={inputRequired}
            onReply={(replies) =>
              onAnswer({ ...firstRound(request), ...secondRound(inputRequired, replies) })
            }
          />
        )}
        {result !== null && <Result result={result} />}
      </div>
    </Card>
  )
}

function firstRound({ inputResponses: _, requestState: __, ...request }: CallRequest): CallRequest {
  return request
}

function Failure({ error }: { error: NonNullable<CallAnswer['error']> }) {
  const { message, fix, rpcCode, data } = error
  return (
    <>
      <Notice tone="bad" title={message}>
        {fix !== undefined && <p>{fix}</p>}
        {rpcCode !== undefined && <p className="small">The server refused with code {rpcCode}.</p>}
      </Notice>
      {data !== undefined && <Snippet text={JSON.stringify(data, null, 2)} />}
    </>
  )
}

function Result({ result }: { result: Record<string, unknown> }) {
  const { content, structuredContent, isError } = result
  const blocks = Array.isArray(content) ? content : []
  return (
    <>
      {isError === true && (
        <Notice tone="bad" title="The tool says that it failed">
          What follows is how it says so.
        </Notice>
      )}
      {blocks.length === 0 && structuredContent === undefined && <p className="soft">The result is empty.</p>}
      {blocks.map((block, index) => (
        <ContentBlock key={String(index)} block={block} />
      ))}
      {structuredContent !== undefined && (
        <section className="stack close" aria-label="Structured content">
          <div>
            <Badge>Structured content</Badge>
          </div>
          <Snippet text={JSON.stringify(structuredContent, null, 2)} />
        </section>
      )}
      <details className="disclosure">
        <summary>The whole result as JSON</summary>
        <Snippet text={JSON.stringify(result, null, 2)} />
      </details>
    </>
  )
}
