import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Search } from 'lucide-react'
import { useState } from 'react'
import { serversQuery, tokensQuery } from '../../api/queries.ts'
import { OUTCOMES } from '../../api/shapes.ts'
import { instantOfField, localField } from '../../format/local-field.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { SelectField, TextField } from '../../parts/fields.tsx'
import { useMay } from '../../shell/session.tsx'
import type { AuditSearch } from './search.ts'
import { useAudit } from './use-audit.ts'

type Name = keyof AuditSearch

/** Which rows of the log are listed. What is looked for stands in the address. */
export function AuditFilters() {
  const { filters, ofInstallation } = useAudit()
  // Begins anew when a link or the browser's way back changes what is looked for.
  return <FilterForm key={JSON.stringify([ofInstallation, filters])} />
}

function FilterForm() {
  const { slug, filters, ofInstallation } = useAudit()
  const may = useMay()
  const navigate = useNavigate({ from: '/w/$slug/audit' })
  const [draft, setDraft] = useState<AuditSearch>(filters)
  const servers = useQuery({ ...serversQuery(slug), enabled: may('server.read') }).data?.items ?? []
  const tokens = useQuery({ ...tokensQuery(slug), enabled: may('token.manage') }).data?.items ?? []

  const look = (wanted: AuditSearch) =>
    void navigate({ search: ({ log }) => ({ ...withoutEmpty(wanted), ...(log !== undefined && { log }) }) })
  const text = (name: Name) => ({
    value: draft[name] ?? '',
    onChange: (value: string) => setDraft({ ...draft, [name]: value }),
  })
  const time = (name: 'from' | 'to') => ({
    type: 'datetime-local',
    value: localField(draft[name]),
    onChange: (value: string) => setDraft({ ...draft, [name]: instantOfField(value) }),
  })
  // A choice is one act; what is typed is sent off by itself.
  const select = (name: Name, options: readonly { value: string; label: string }[]) => {
    const value = draft[name] ?? ''
    const known = value === '' || options.some((option) => option.value === value)
    return {
      value,
      options: [{ value: '', label: 'All' }, ...(known ? [] : [{ value, label: value }]), ...options],
      onChange: (chosen: string) => look({ ...draft, [name]: chosen }),
    }
  }
  const more = (['tool', 'token', 'client', 'requestId', 'from', 'to'] as const).filter(
    (name) => filters[name] !== undefined,
  )

  return (
    <search>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          look(draft)
        }}
      >
        <div className="filters">
          <div className="search-field">
            <TextField
              label="Look for"
              type="search"
              placeholder="Part of a server, tool, member, client or reason"
              {...text('q')}
            />
          </div>
          {!ofInstallation && <SelectField label="Kind" {...select('kind', KINDS)} />}
          <SelectField label="Outcome" {...select('outcome', OUTCOME_OPTIONS)} />
          {!ofInstallation && (
            <SelectField
              label="Server"
              {...select(
                'server',
                servers.map(({ name }) => ({ value: name, label: name })),
              )}
            />
          )}
          {may('audit.read-all') && <TextField label="Member" {...text('member')} />}
          <Button type="submit" look="main">
            <Search size={16} aria-hidden="true" />
            Look
          </Button>
          {Object.keys(withoutEmpty(filters)).length > 0 && (
            <Button look="quiet" onClick={() => look({})}>
              Take filters off
            </Button>
          )}
        </div>
        <details className="disclosure" open={more.length > 0}>
          <summary>More filters</summary>
          <div className="filters">
            {!ofInstallation && <TextField label="Tool" {...text('tool')} />}
            {may('token.manage') ? (
              <SelectField
                label="Token"
                {...select(
                  'token',
                  tokens.map(({ id, name, member }) => ({ value: id, label: `${name} (${member})` })),
                )}
              />
            ) : (
              <TextField label="Token id" {...text('token')} />
            )}
            {!ofInstallation && <TextField label="Client" {...text('client')} />}
            <TextField label="Request id" {...text('requestId')} />
            <TextField label="From" {...time('from')} />
            <TextField label="To" {...time('to')} />
          </div>
        </details>
      </form>
    </search>
  )
}

const KINDS = [
  { value: 'call', label: 'Calls' },
  { value: 'management', label: 'Changes' },
]

const OUTCOME_OPTIONS = OUTCOMES.map((outcome) => ({ value: outcome, label: outcomeWord(outcome) }))

function withoutEmpty(search: AuditSearch): AuditSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ''))
}
