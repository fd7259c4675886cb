import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { membersQuery, serversQuery } from '../../api/queries.ts'
import { OUTCOMES } from '../../api/shapes.ts'
import { outcomeWord } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/fields.tsx'
import { useMay } from '../../shell/session.tsx'

const KINDS = [
  { value: 'call', label: 'Calls' },
  { value: 'management', label: 'Changes' },
]

/** Which rows are shown. Everything in it stands in the address. */
export function LiveFilters() {
  const { slug } = useParams({ from: '/inside/w/$slug/live' })
  const search = useSearch({ from: '/inside/w/$slug/live' })
  const navigate = useNavigate({ from: '/w/$slug/live' })
  const may = useMay()
  const servers = useQuery({ ...serversQuery(slug), enabled: may('server.read') }).data?.items ?? []
  const members = useQuery({ ...membersQuery(slug), enabled: may('token.manage') }).data?.items ?? []

  const select = (
    name: 'server' | 'member' | 'outcome' | 'kind',
    options: { value: string; label: string }[],
  ) => {
    const value = search[name] ?? ''
    const known = value === '' || options.some((option) => option.value === value)
    return {
      value,
      options: [{ value: '', label: 'All' }, ...(known ? [] : [{ value, label: value }]), ...options],
      onChange: (chosen: string) =>
        void navigate({
          search: (before) => ({ ...before, [name]: chosen === '' ? undefined : chosen }),
          replace: true,
        }),
    }
  }

  return (
    <search className="filters" aria-label="Which rows are shown">
      <SelectField
        label="Server"
        {...select(
          'server',
          servers.map(({ name }) => ({ value: name, label: name })),
        )}
      />
      {may('audit.read-all') && (
        <SelectField
          label="Member"
          {...select(
            'member',
            members.map(({ member }) => ({ value: member, label: member })),
          )}
        />
      )}
      <SelectField
        label="Outcome"
        {...select(
          'outcome',
          OUTCOMES.map((outcome) => ({ value: outcome, label: outcomeWord(outcome) })),
        )}
      />
      <SelectField label="Kind" {...select('kind', KINDS)} />
      {Object.values(search).some((value) => value !== undefined) && (
        <Button look="quiet" onClick={() => void navigate({ search: {}, replace: true })}>
          Take filters off
        </Button>
      )}
    </search>
  )
}
