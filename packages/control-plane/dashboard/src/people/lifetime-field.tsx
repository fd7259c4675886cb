import { SelectField, TextField } from '../parts/fields.tsx'
import { Notice } from '../parts/notice.tsx'
import { asDay, LIFETIMES, type Lifetime, lifetimeMistake } from './lifetime.ts'

interface Props {
  label: string
  hint?: string
  value: Lifetime
  onChange: (lifetime: Lifetime) => void
  /** What to say to whoever wants no end. */
  warning: string
}

/** How long something shall live: a few usual lengths, a day of one's own, or never, with a word of warning. */
export function LifetimeField({ label, hint, value, onChange, warning }: Props) {
  const { choice, date } = value
  return (
    <>
      <SelectField
        label={label}
        hint={hint}
        value={choice}
        options={LIFETIMES}
        onChange={(next) => onChange({ choice: next, date })}
      />
      {choice === 'date' && (
        <TextField
          label="Last day"
          type="date"
          min={asDay(Date.now())}
          value={date}
          mistake={date === '' ? undefined : lifetimeMistake(value, Date.now())}
          onChange={(next) => onChange({ choice, date: next })}
          required
        />
      )}
      {choice === 'never' && <Notice tone="warn">{warning}</Notice>}
    </>
  )
}
