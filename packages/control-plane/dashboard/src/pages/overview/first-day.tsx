import { useEffect } from 'react'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Skeleton } from '../../parts/skeleton.tsx'
import { FirstDayStep } from './first-day-step.tsx'
import { isComplete } from './first-day-steps.ts'
import { useFirstDay } from './use-first-day.ts'
import { useKeptWord } from './use-kept-word.ts'

/**
 * The check list of the first day. Where all was done before this browser came, it is not shown; where it was seen
 * open, it stays until somebody puts it away.
 */
export function FirstDay({ slug }: { slug: string }) {
  const [kept, keep] = useKeptWord(`mcpgw-first-day:${slug}`)
  const { steps, call } = useFirstDay(slug, kept !== 'done')
  const complete = steps !== undefined && isComplete(steps)
  const seenOpen = steps !== undefined && !complete && kept === undefined
  useEffect(() => {
    if (seenOpen) keep('open')
  }, [seenOpen, keep])

  if (steps === undefined && kept === 'open') return <Skeleton height="14rem" />
  if (steps === undefined || kept === 'done' || (complete && kept !== 'open')) return null
  const left = steps.filter(({ done, optional }) => !done && !optional).length
  return (
    <Card
      title={complete ? 'The first day is done' : 'The first day'}
      actions={
        complete ? (
          <Button small onClick={() => keep('done')}>
            Put away
          </Button>
        ) : (
          <span className="soft small">{left === 1 ? '1 step left' : `${left} steps left`}</span>
        )
      }
    >
      <ol className="plain first-day">
        {steps.map((step) => (
          <FirstDayStep key={step.id} step={step} slug={slug} call={call} />
        ))}
      </ol>
    </Card>
  )
}
