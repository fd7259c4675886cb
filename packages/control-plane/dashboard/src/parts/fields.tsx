import { type InputHTMLAttributes, type ReactNode, useId } from 'react'

interface FieldProps {
  label: ReactNode
  hint?: ReactNode
  /** What is wrong with what was typed, read out when it appears. */
  mistake?: string | undefined
}

interface Described {
  id: string
  'aria-describedby'?: string
  'aria-invalid'?: true
}

/** A label, a hint and a mistake around one control, which is given what ties it to them. */
export function Field({
  label,
  hint,
  mistake,
  children,
}: FieldProps & { children: (described: Described) => ReactNode }) {
  const id = useId()
  const describedBy = [hint !== undefined && `${id}-hint`, mistake !== undefined && `${id}-mistake`]
    .filter(Boolean)
    .join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {children({
        id,
        ...(describedBy !== '' && { 'aria-describedby': describedBy }),
        ...(mistake !== undefined && { 'aria-invalid': true as const }),
      })}
      {mistake !== undefined && (
        <span className="mistake" id={`${id}-mistake`} role="alert">
          {mistake}
        </span>
      )}
    </div>
  )
}

type InputProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'>

interface TextFieldProps extends FieldProps, InputProps {
  value: string
  onChange: (value: string) => void
}

export function TextField({ label, hint, mistake, value, onChange, ...input }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} mistake={mistake}>
      {(described) => (
        <input
          className="input"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          {...input}
          {...described}
        />
      )}
    </Field>
  )
}

/** For secrets: never filled in by the browser, never remembered. */
export function SecretField(props: TextFieldProps) {
  return <TextField type="password" autoComplete="off" autoCapitalize="off" spellCheck={false} {...props} />
}

interface TextAreaProps extends FieldProps {
  value: string
  onChange: (value: string) => void
  rows?: number
  mono?: boolean
}

export function TextArea({ label, hint, mistake, value, onChange, rows = 4, mono = false }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} mistake={mistake}>
      {(described) => (
        <textarea
          className={mono ? 'input mono' : 'input'}
          rows={rows}
          value={value}
          spellCheck={!mono}
          onChange={(event) => onChange(event.target.value)}
          {...described}
        />
      )}
    </Field>
  )
}

interface SelectProps<T extends string> extends FieldProps {
  value: T
  onChange: (value: T) => void
  options: readonly { value: T; label: string }[]
}

export function SelectField<T extends string>({
  label,
  hint,
  mistake,
  value,
  onChange,
  options,
}: SelectProps<T>) {
  return (
    <Field label={label} hint={hint} mistake={mistake}>
      {(described) => (
        <select
          className="input"
          value={value}
          // Its options are all there is to choose from.
          onChange={(event) => onChange(event.target.value as T)}
          {...described}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

interface CheckProps {
  label: ReactNode
  hint?: ReactNode
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}

export function CheckField({ label, hint, checked, onChange, disabled }: CheckProps) {
  return (
    <label className="choice">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        {label}
        {hint !== undefined && <span className="hint"> {hint}</span>}
      </span>
    </label>
  )
}

interface SwitchProps {
  /** Read out; what it switches stands beside it. */
  label: string
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
}

/** Acts at once, unlike a check box in a form. */
export function Switch({ label, checked, onChange, disabled }: SwitchProps) {
  return (
    <input
      type="checkbox"
      role="switch"
      aria-checked={checked}
      className="switch"
      aria-label={label}
      checked={checked}
      disabled={disabled}
      onChange={(event) => onChange(event.target.checked)}
    />
  )
}

interface ChoicesProps<T extends string> {
  legend: string
  value: T
  onChange: (value: T) => void
  options: readonly { value: T; label: string; hint?: string }[]
}

/** A few things to choose one from, all of them to be seen. */
export function Choices<T extends string>({ legend, value, onChange, options }: ChoicesProps<T>) {
  const name = useId()
  return (
    <fieldset>
      <legend>{legend}</legend>
      {options.map((option) => (
        <label className="choice" key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>
            {option.label}
            {option.hint !== undefined && <span className="hint"> {option.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}
