import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../parts/button.tsx'
import { TextField } from '../../parts/fields.tsx'
import { useInsights } from './use-insights.ts'

/** Any span of time, in the reader's time zone. */
export function CustomSpan() {
  const { span } = useInsights()
  const navigate = useNavigate({ from: '/w/$slug/insights' })
  const [from, setFrom] = useState(() => fieldOf(span.from))
  const [to, setTo] = useState(() => fieldOf(span.to))
  const wrong = from !== '' && to !== '' && Date.parse(from) >= Date.parse(to)
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault()
        void navigate({
          search: ({ range: _range, ...rest }) => ({
            ...rest,
            from: new Date(from).toISOString(),
            to: new Date(to).toISOString(),
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

/** As the browser's field for a local date and time writes it. */
function fieldOf(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}
