import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { instantOfField, localField } from '../../format/local-field.ts'
import { Button } from '../../parts/button.tsx'
import { TextField } from '../../parts/fields.tsx'
import { useInsights } from './use-insights.ts'

/** Any span of time, in the reader's time zone. */
export function CustomSpan() {
  const { span } = useInsights()
  const navigate = useNavigate({ from: '/w/$slug/insights' })
  const [from, setFrom] = useState(() => localField(new Date(span.from).toISOString()))
  const [to, setTo] = useState(() => localField(new Date(span.to).toISOString()))
  const wrong = from !== '' && to !== '' && Date.parse(from) >= Date.parse(to)
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({
          search: ({ range: _range, ...rest }) => ({
            ...rest,
            from: instantOfField(from),
            to: instantOfField(to),
          }),
          resetScroll: false,
        })
      }}
    >
      <TextField label="From" type="datetime-local" value={from} onChange={setFrom} required />
      <TextField
        label="To"
        type="datetime-local"
        value={to}
        onChange={setTo}
        mistake={wrong ? 'Must be after From' : undefined}
        required
      />
      <Button type="submit" disabled={wrong}>
        Show
      </Button>
    </form>
  )
}
