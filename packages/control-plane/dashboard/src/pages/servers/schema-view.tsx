import type { Field, Member } from '../playground/form/field.ts'
import { fieldWords } from '../playground/form/field-words.ts'
import { argumentsField } from '../playground/form/read-schema.ts'
import { Seen } from './seen.tsx'

/** What a tool takes, as a nested list: name, kind, whether it is required, what it means. */
export function SchemaView({ schema }: { schema: unknown }) {
  const field = argumentsField(schema)
  if (field.members.length === 0)
    return <p className="soft">{field.others?.offered ? 'Any JSON object.' : 'It takes none.'}</p>
  return <Members members={field.members} />
}

function Members({ members }: { members: readonly Member[] }) {
  return (
    <ul className="plain schema-list">
      {members.map(({ name, required, field }) => (
        <li key={name}>
          <div className="row">
            <code className="strong wrap">
              <Seen text={name} />
            </code>
            <span className="soft small">{fieldWords(field)}</span>
            {required && <span className="small strong">required</span>}
          </div>
          {field.description !== undefined && (
            <p className="small wrap pre">
              <Seen text={field.description} />
            </p>
          )}
          {field.preset !== undefined && (
            <p className="soft small wrap">
              Default <code>{JSON.stringify(field.preset)}</code>
            </p>
          )}
          <Inner field={field} />
        </li>
      ))}
    </ul>
  )
}

function Inner({ field }: { field: Field }) {
  if (field.kind === 'group') return <Members members={field.members} />
  if (field.kind === 'list') return <Inner field={field.item} />
  if (field.kind !== 'variants') return null
  return field.variants.map(({ label, field: variant }) => (
    <div key={label}>
      {variant.kind === 'group' && (
        <>
          <p className="small strong wrap">{label}</p>
          <Inner field={variant} />
        </>
      )}
    </div>
  ))
}
