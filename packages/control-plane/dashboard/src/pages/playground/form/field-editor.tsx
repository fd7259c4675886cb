import type { ReactNode } from 'react'
import { Button } from '../../../parts/button.tsx'
import { CheckField, Field as LabelledField } from '../../../parts/fields.tsx'
import { Seen } from '../../servers/seen.tsx'
import { chooseVariant, type Draft, firstDraft, type Mistakes, type OfDraft } from './draft.ts'
import type { Field, OfKind } from './field.ts'
import { shortWords } from './field-words.ts'
import { GroupEditor } from './group-editor.tsx'
import { ListEditor } from './list-editor.tsx'
import { PlainEditor } from './plain-editor.tsx'

export interface EditorProps {
  name: string
  field: Field
  required: boolean
  draft: Draft
  onChange: (draft: Draft) => void
  mistakes: Mistakes
  path: string
}

/** Edits one place of the arguments, whatever its kind. */
export function FieldEditor(props: EditorProps) {
  const { field, draft } = props
  if (draft.kind === 'null') return <NullEditor {...props} />
  if (field.kind === 'group' && draft.kind === 'group')
    return <Group {...props} field={field} draft={draft} />
  if (field.kind === 'list' && draft.kind === 'list') return <List {...props} field={field} draft={draft} />
  if (field.kind === 'many' && draft.kind === 'many') return <Many {...props} field={field} draft={draft} />
  if (field.kind === 'variants' && draft.kind === 'variants')
    return <Variants {...props} field={field} draft={draft} />
  if (field.kind === 'constant') return <Constant {...props} field={field} />
  return (
    <LabelledField {...about(props)}>
      {(described) => (
        <>
          <PlainEditor {...props} described={described} />
          <EmptyText {...props} />
          <NullButton {...props} />
        </>
      )}
    </LabelledField>
  )
}

/** Label, hint and mistake, as a field of the dashboard wants them. */
function about({ name, field, required, mistakes, path }: EditorProps) {
  const mistake = mistakes.get(path)
  return {
    label: <Label name={name} field={field} required={required} />,
    ...(hasHint(field) && { hint: <Hint field={field} /> }),
    ...(mistake !== undefined && { mistake }),
  }
}

function Label({ name, field, required }: { name: string; field: Field; required: boolean }) {
  const { title } = field
  return (
    <>
      <span className="wrap">
        <Seen text={title ?? name} />
      </span>
      {title !== undefined && title !== name && (
        <code className="soft wrap">
          {' '}
          <Seen text={name} />
        </code>
      )}
      {required && <span className="small"> required</span>}
      <span className="field-kind"> {shortWords(field)}</span>
    </>
  )
}

function hasHint(field: Field): boolean {
  return (
    field.description !== undefined ||
    (field.kind === 'text' && (field.example !== undefined || field.pattern !== undefined))
  )
}

function Hint({ field }: { field: Field }) {
  const { description } = field
  const { example, pattern } = field.kind === 'text' ? field : {}
  return (
    <>
      {description !== undefined && (
        <span className="pre wrap">
          <Seen text={description} />{' '}
        </span>
      )}
      {example !== undefined && <span className="wrap">For example {example} </span>}
      {pattern !== undefined && (
        <span className="wrap">
          Pattern <code>{pattern}</code>
        </span>
      )}
    </>
  )
}

function NullEditor(props: EditorProps) {
  const { field, required, onChange } = props
  return (
    <Nested {...props}>
      <div className="row">
        <code>null</code>
        <Button small onClick={() => onChange(firstDraft({ ...field, preset: undefined }, required))}>
          Give a value
        </Button>
      </div>
    </Nested>
  )
}

function NullButton({ field, draft, onChange }: EditorProps) {
  if (!field.nullable || (draft.kind === 'plain' && draft.given)) return null
  return (
    <span>
      <Button small look="quiet" onClick={() => onChange({ kind: 'null' })}>
        Send null
      </Button>
    </span>
  )
}

/** Where a text is required, none at all may be meant. */
function EmptyText({ field, draft, mistakes, path, onChange }: EditorProps) {
  if (field.kind !== 'text' || draft.kind !== 'plain' || draft.given || !mistakes.has(path)) return null
  return (
    <span>
      <Button small onClick={() => onChange({ kind: 'plain', text: '', given: true })}>
        Send an empty text
      </Button>
    </span>
  )
}

interface NestedProps extends EditorProps {
  children: ReactNode
  /** What is inside says what is wrong. */
  quiet?: boolean
}

/** A field of several controls. */
function Nested({ children, quiet = false, ...props }: NestedProps) {
  const mistake = quiet ? undefined : props.mistakes.get(props.path)
  return (
    <fieldset className="nested">
      <legend>
        <Label {...props} />
      </legend>
      {hasHint(props.field) && (
        <span className="hint">
          <Hint field={props.field} />
        </span>
      )}
      {children}
      {mistake !== undefined && (
        <span className="mistake" role="alert">
          {mistake}
        </span>
      )}
    </fieldset>
  )
}

function Group(props: EditorProps & { field: OfKind<'group'>; draft: OfDraft<'group'> }) {
  const { field, draft, required, onChange } = props
  return (
    <Nested {...props}>
      {draft.given && <GroupEditor {...props} field={field} draft={draft} />}
      {!draft.given && (
        <Given label="Add it" onPress={() => onChange(firstDraft({ ...field, preset: undefined }, true))} />
      )}
      {draft.given && !required && (
        <Given label="Leave it out" onPress={() => onChange({ ...draft, given: false })} />
      )}
      <NullButton {...props} />
    </Nested>
  )
}

function List(props: EditorProps & { field: OfKind<'list'>; draft: OfDraft<'list'> }) {
  const { field, draft, required, onChange } = props
  return (
    <Nested {...props}>
      <ListEditor {...props} field={field} draft={draft} />
      {draft.given && !required && (
        <Given label="Leave it out" onPress={() => onChange({ ...draft, given: false, items: [] })} />
      )}
      <NullButton {...props} />
    </Nested>
  )
}

function Many(props: EditorProps & { field: OfKind<'many'>; draft: OfDraft<'many'> }) {
  const { field, draft, required, onChange } = props
  const set = (at: number, on: boolean) => {
    const chosen = draft.chosen.map((each, index) => (index === at ? on : each))
    onChange({ ...draft, chosen, given: required || chosen.includes(true) })
  }
  return (
    <Nested {...props}>
      {field.options.map(({ label }, index) => (
        <CheckField
          key={index}
          label={<span className="wrap">{label}</span>}
          checked={draft.chosen[index] === true}
          onChange={(on) => set(index, on)}
        />
      ))}
      <NullButton {...props} />
    </Nested>
  )
}

function Variants(props: EditorProps & { field: OfKind<'variants'>; draft: OfDraft<'variants'> }) {
  const { name, field, draft, required, onChange } = props
  const variant = draft.chosen === undefined ? undefined : field.variants[draft.chosen]
  const isGroup = variant?.field.kind === 'group'
  return (
    <Nested {...props} quiet={variant !== undefined && !isGroup}>
      <select
        className="input"
        aria-label={`Kind of ${name}`}
        value={draft.chosen === undefined ? '' : String(draft.chosen)}
        onChange={({ target: { value } }) =>
          onChange(chooseVariant(field, value === '' ? undefined : Number(value)))
        }
      >
        {(!required || draft.chosen === undefined) && <option value="">Not set</option>}
        {field.variants.map(({ label }, index) => (
          <option key={index} value={String(index)}>
            {label}
          </option>
        ))}
      </select>
      {variant !== undefined && (
        <VariantBody
          {...props}
          field={variant.field}
          name="Value"
          draft={draft.draft}
          onChange={(changed) => onChange({ ...draft, draft: changed })}
        />
      )}
      <NullButton {...props} />
    </Nested>
  )
}

/** What the choice above says already is not said again. */
function VariantBody(props: EditorProps) {
  const { field, draft } = props
  if (field.kind === 'group' && draft.kind === 'group')
    return <GroupEditor {...props} field={field} draft={draft} />
  return <FieldEditor {...props} required />
}

function Constant(props: EditorProps & { field: OfKind<'constant'> }) {
  const { field, draft, required, onChange } = props
  const given = required || (draft.kind === 'plain' && draft.given)
  return (
    <Nested {...props}>
      <CheckField
        label={<code className="wrap">{JSON.stringify(field.value)}</code>}
        hint={required ? 'It is always this.' : 'Send it.'}
        checked={given}
        disabled={required}
        onChange={(on) => onChange({ kind: 'plain', text: '', given: on })}
      />
    </Nested>
  )
}

function Given({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <div>
      <Button small onClick={onPress}>
        {label}
      </Button>
    </div>
  )
}
