import type { ReactNode } from 'react'
import type { Need } from '../../api/shapes.ts'
import { SecretField, SelectField, TextField } from '../../parts/fields.tsx'
import { OutsideLink } from '../../parts/outside-link.tsx'

interface Props {
  needs: readonly Need[]
  values: Readonly<Record<string, string>>
  onChange: (need: string, value: string) => void
}

/** A field for each value; what may stay empty is folded away. */
export function NeedFields({ needs, values, onChange }: Props) {
  const fieldOf = (need: Need) => (
    <NeedField
      key={need.name}
      need={need}
      value={values[need.name] ?? need.default ?? ''}
      onChange={(value) => onChange(need.name, value)}
    />
  )
  const optional = needs.filter(({ isRequired }) => !isRequired)
  return (
    <>
      {needs.filter(({ isRequired }) => isRequired).map(fieldOf)}
      {optional.length > 0 && (
        <details className="disclosure">
          <summary>
            {optional.length === 1 ? '1 more setting' : `${optional.length} more settings`}, all optional
          </summary>
          <div className="stack">{optional.map(fieldOf)}</div>
        </details>
      )}
    </>
  )
}

/** What was typed, without what stayed empty. */
export function filledValues(
  needs: readonly Need[],
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const given = needs.map(({ name, isSecret }) => {
    const value = values[name] ?? ''
    // A pasted key often brings a line end along.
    return [name, isSecret ? value.trim() : value] as const
  })
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

function NeedField({
  need,
  value,
  onChange,
}: {
  need: Need
  value: string
  onChange: (value: string) => void
}) {
  const { name, isSecret, isRequired, format, placeholder } = need
  const choices = need.choices ?? (format === 'boolean' ? ['true', 'false'] : undefined)
  const common = { label: name, hint: <NeedHint need={need} />, value, onChange }
  if (choices !== undefined)
    return (
      <SelectField
        {...common}
        options={[
          ...(isRequired && need.default !== undefined ? [] : [{ value: '', label: 'Choose' }]),
          ...choices.map((choice) => ({ value: choice, label: choice })),
        ]}
      />
    )
  const input = {
    required: isRequired,
    spellCheck: false,
    autoComplete: 'off',
    maxLength: 8192,
    ...(placeholder !== undefined && { placeholder }),
  }
  return isSecret ? (
    <SecretField {...common} {...input} />
  ) : (
    <TextField {...common} {...input} {...(format === 'number' && { inputMode: 'decimal' as const })} />
  )
}

function NeedHint({ need: { description, getItAt, isSecret } }: { need: Need }): ReactNode {
  return (
    <>
      {description !== undefined && `${description}. `.replace('.. ', '. ')}
      {isSecret && 'Sealed in the vault, never shown again. '}
      {getItAt !== undefined && /^https:\/\//.test(getItAt) && (
        <OutsideLink to={getItAt}>Where to get it</OutsideLink>
      )}
    </>
  )
}
