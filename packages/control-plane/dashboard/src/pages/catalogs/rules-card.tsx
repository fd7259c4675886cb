import { useMutation } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { tell } from '../../api/request.ts'
import { type CatalogRule, type CatalogRules, catalogRulesShape } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { CheckField, SelectField, TextField } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'

/** A rule as it is typed: one thing that servers have in common. The API knows more at once, which stays as it is. */
interface Row {
  id: number
  rule: CatalogRule
}

const FIELDS = [
  { value: 'id', label: 'Id is like' },
  { value: 'category', label: 'Category is' },
  { value: 'official', label: 'Made by' },
  { value: 'transport', label: 'Kind is' },
  { value: 'source', label: 'Catalog is' },
] as const
type FieldName = (typeof FIELDS)[number]['value']

const OFFICIAL = [
  { value: 'true', label: 'the vendor' },
  { value: 'false', label: 'the community' },
] as const

const KINDS = [
  { value: 'remote', label: 'remote' },
  { value: 'npm', label: 'npm package' },
  { value: 'pypi', label: 'Python package' },
  { value: 'oci', label: 'container image' },
] as const

let lastId = 0
const rowsOf = (rules: readonly CatalogRule[] = []): Row[] =>
  rules.map((rule) => {
    lastId += 1
    return { id: lastId, rule }
  })

/** What may be added from all catalogs together. */
export function RulesCard({ rules }: { rules: CatalogRules }) {
  const [restricted, setRestricted] = useState(rules.allow !== undefined)
  const [allow, setAllow] = useState(() => rowsOf(rules.allow))
  const [deny, setDeny] = useState(() => rowsOf(rules.deny))
  const refresh = useRefresh()
  const save = useMutation({
    async mutationFn() {
      await tell('PUT', catalogRulesShape, ['catalog-rules'], {
        builtIn: rules.builtIn,
        ...(restricted && { allow: allow.map(({ rule }) => rule) }),
        ...(deny.length > 0 && { deny: deny.map(({ rule }) => rule) }),
      })
      await refresh()
    },
  })
  return (
    <Card title="What may be added">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <p className="soft">
          Servers that are there already stay. Admins do not see what they may not add; a server can still be
          added by its URL.
        </p>
        <CheckField label="Only what is on the allow list" checked={restricted} onChange={setRestricted} />
        {restricted && (
          <>
            <RuleRows legend="Allow list" rows={allow} onChange={setAllow} />
            {allow.length === 0 && (
              <Notice tone="warn">The list is empty: nothing can be added from a catalog.</Notice>
            )}
          </>
        )}
        <RuleRows legend="Deny list, which wins" rows={deny} onChange={setDeny} />
        {save.isError && <ErrorNotice error={save.error} />}
        {save.isSuccess && <Notice tone="good">Saved.</Notice>}
        <div>
          <Button type="submit" look="main" busy={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  )
}

interface RowsProps {
  legend: string
  rows: readonly Row[]
  onChange: (rows: Row[]) => void
}

function RuleRows({ legend, rows, onChange }: RowsProps) {
  const replace = (id: number, rule: CatalogRule) =>
    onChange(rows.map((row) => (row.id === id ? { id, rule } : row)))
  return (
    <fieldset className="stack close">
      <legend>{legend}</legend>
      {rows.map(({ id, rule }, index) => (
        <div className="rule-row" key={id}>
          <RuleEditor number={index + 1} rule={rule} onChange={(changed) => replace(id, changed)} />
          <Button
            look="quiet"
            small
            aria-label={`Remove rule ${index + 1}`}
            onClick={() => onChange(rows.filter((row) => row.id !== id))}
          >
            <X size={16} aria-hidden="true" />
          </Button>
        </div>
      ))}
      <div>
        <Button small onClick={() => onChange([...rows, ...rowsOf([{ id: '' }])])}>
          <Plus size={15} aria-hidden="true" />
          Add a rule
        </Button>
      </div>
    </fieldset>
  )
}

interface EditorProps {
  number: number
  rule: CatalogRule
  onChange: (rule: CatalogRule) => void
}

function RuleEditor({ number, rule, onChange }: EditorProps) {
  const names = Object.keys(rule)
  const field = FIELDS.find(({ value }) => value === names[0])?.value
  // Made by a script, with several conditions at once: shown, and not taken apart.
  if (field === undefined || names.length > 1) return <code className="wrap">{JSON.stringify(rule)}</code>
  return (
    <>
      <SelectField<FieldName>
        label={`Rule ${number}`}
        value={field}
        onChange={(chosen) => onChange(EMPTY_RULES[chosen])}
        options={FIELDS}
      />
      <RuleValue field={field} rule={rule} onChange={onChange} />
    </>
  )
}

const EMPTY_RULES: Record<FieldName, CatalogRule> = {
  id: { id: '' },
  category: { category: '' },
  official: { official: false },
  transport: { transport: 'npm' },
  source: { source: '' },
}

function RuleValue({
  field,
  rule,
  onChange,
}: {
  field: FieldName
  rule: CatalogRule
  onChange: EditorProps['onChange']
}) {
  if (field === 'official')
    return (
      <SelectField
        label="Value"
        value={rule.official === true ? 'true' : 'false'}
        onChange={(value) => onChange({ official: value === 'true' })}
        options={OFFICIAL}
      />
    )
  if (field === 'transport')
    return (
      <SelectField
        label="Value"
        value={rule.transport ?? 'npm'}
        onChange={(transport) => onChange({ transport })}
        options={KINDS}
      />
    )
  return (
    <TextField
      label="Value"
      value={rule[field] ?? ''}
      onChange={(value) => onChange({ [field]: value })}
      placeholder={{ id: 'github or git*', category: 'databases', source: 'built-in' }[field]}
      autoComplete="off"
      spellCheck={false}
      required
    />
  )
}
