import type { EditorProps } from './field-editor.tsx'

interface Props extends EditorProps {
  described: { id: string }
}

const INPUT_TYPE: Record<string, string> = { date: 'date', email: 'email', uri: 'url' }

/** One control for one value. What is left empty is not sent. */
export function PlainEditor({ field, required, draft, onChange, described }: Props) {
  const text = draft.kind === 'plain' ? draft.text : ''
  const type = (typed: string) => onChange({ kind: 'plain', text: typed, given: typed !== '' })
  const common = { className: 'input', value: text, spellCheck: false, ...described }
  switch (field.kind) {
    case 'text': {
      if (field.format === undefined || field.format === 'text')
        return (
          <textarea
            {...common}
            className="input grows"
            rows={1}
            onChange={({ target }) => type(target.value)}
          />
        )
      return (
        <input
          {...common}
          type={INPUT_TYPE[field.format] ?? 'text'}
          autoComplete="off"
          onChange={({ target }) => type(target.value)}
        />
      )
    }
    case 'number':
      // Not of type number: what it does not like, it does not tell.
      return (
        <input
          {...common}
          inputMode={field.whole ? 'numeric' : 'decimal'}
          autoComplete="off"
          onChange={({ target }) => type(target.value.trim())}
        />
      )
    case 'boolean':
      return (
        <select {...common} onChange={({ target }) => type(target.value)}>
          <option value="">{required ? 'Choose' : 'Not set'}</option>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      )
    case 'choice':
      return (
        <select {...common} onChange={({ target }) => type(target.value)}>
          <option value="">{required ? 'Choose' : 'Not set'}</option>
          {field.options.map(({ label }, index) => (
            <option key={index} value={String(index)}>
              {label}
            </option>
          ))}
        </select>
      )
    default:
      return (
        <textarea
          {...common}
          className="input grows mono"
          rows={3}
          placeholder="JSON"
          onChange={({ target }) => type(target.value)}
        />
      )
  }
}
