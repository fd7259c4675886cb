import './catalogs.css'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { catalogRulesQuery, catalogSourcesQuery } from '../../api/queries.ts'
import { order, tell } from '../../api/request.ts'
import {
  type CatalogRules,
  type CatalogSource,
  catalogRulesShape,
  catalogSourceShape,
} from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Card } from '../../parts/card.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Switch } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Page } from '../../parts/page.tsx'
import { Table } from '../../parts/table.tsx'
import { Time } from '../../parts/time.tsx'
import { NotForYou } from '../../shell/not-for-you.tsx'
import { useMay } from '../../shell/session.tsx'
import { PutCatalogDialog } from './put-catalog-dialog.tsx'
import { RulesCard } from './rules-card.tsx'

/** Which catalogs there are, and what of them may be added. */
export function CatalogsPage() {
  const may = useMay()
  if (!may('catalog.manage')) return <NotForYou title="Catalogs" />
  return <Catalogs />
}

function Catalogs() {
  const sources = useQuery(catalogSourcesQuery)
  const rules = useQuery(catalogRulesQuery)
  const [putting, setPutting] = useState(false)
  return (
    <Page
      title="Catalogs"
      lead="Where servers can be added from, in every workspace, and which of them."
      actions={
        <Button look="main" onClick={() => setPutting(true)}>
          <Plus size={17} aria-hidden="true" />
          Add a catalog
        </Button>
      }
    >
      <Card title="Catalogs" flush>
        <Loaded query={sources} height="10rem">
          {({ items }) => (
            <Loaded query={rules} height="10rem">
              {(loaded) => <SourceTable sources={items} rules={loaded} />}
            </Loaded>
          )}
        </Loaded>
      </Card>
      <Loaded query={rules} height="12rem">
        {(loaded) => <RulesCard key={JSON.stringify(loaded)} rules={loaded} />}
      </Loaded>
      {putting && <PutCatalogDialog onClose={() => setPutting(false)} />}
    </Page>
  )
}

function SourceTable({ sources, rules }: { sources: readonly CatalogSource[]; rules: CatalogRules }) {
  return (
    <Table
      caption="Catalogs"
      rows={sources}
      keyOf={({ name }) => name}
      columns={[
        {
          title: 'Catalog',
          cell: ({ title, name, url }) => (
            <div>
              <strong>{title}</strong>
              {title !== name && <div className="soft small">{name}</div>}
              {url !== undefined && <div className="soft small wrap">{url}</div>}
            </div>
          ),
        },
        { title: 'Servers', end: true, cell: ({ size, isOn }) => (isOn ? size : '–') },
        { title: 'State', cell: (source) => <SourceState source={source} /> },
        { title: 'Actions', end: true, cell: (source) => <SourceActions source={source} rules={rules} /> },
      ]}
    />
  )
}

function SourceState({ source: { kind, isOn, readAt, problem, leftOut } }: { source: CatalogSource }) {
  if (kind === 'built-in')
    return isOn ? <Badge tone="good">Comes with the product</Badge> : <Badge>Switched off</Badge>
  return (
    <div className="stack close">
      <span>
        {kind === 'given' ? 'Given ' : 'Fetched '}
        {readAt === null ? 'never' : <Time at={readAt} />}
      </span>
      {leftOut > 0 && (
        <span className="soft small">{leftOut} left out: nothing of them can be reached or started</span>
      )}
      {problem !== undefined && (
        <Notice tone="warn" title={problem.message}>
          {problem.fix} <Time at={problem.at} />
        </Notice>
      )}
    </div>
  )
}

function SourceActions({
  source: { name, kind, isOn },
  rules,
}: {
  source: CatalogSource
  rules: CatalogRules
}) {
  const refresh = useRefresh()
  const [removing, setRemoving] = useState(false)
  const fetchNow = useMutation({
    mutationFn: () => tell('POST', catalogSourceShape, ['catalogs', name, 'refresh']),
    onSettled: () => refresh(),
  })
  const turn = useMutation({
    mutationFn: (builtIn: boolean) =>
      tell('PUT', catalogRulesShape, ['catalog-rules'], { ...rules, builtIn }),
    onSettled: () => refresh(),
  })
  if (kind === 'built-in')
    return (
      <>
        <Switch
          label="The built-in catalog"
          checked={isOn}
          disabled={turn.isPending}
          onChange={(on) => turn.mutate(on)}
        />
        {turn.isError && <ErrorNotice error={turn.error} />}
      </>
    )
  return (
    <div className="row source-actions">
      {kind === 'registry' && (
        <Button small busy={fetchNow.isPending} onClick={() => fetchNow.mutate()}>
          Fetch now
        </Button>
      )}
      <Button small onClick={() => setRemoving(true)}>
        Remove
      </Button>
      {fetchNow.isError && <ErrorNotice error={fetchNow.error} />}
      {removing && (
        <Confirm
          title={`Remove the catalog "${name}"`}
          act="Remove the catalog"
          onConfirm={async () => {
            await order('DELETE', ['catalogs', name])
            await refresh()
          }}
          onClose={() => setRemoving(false)}
        >
          <p>
            Nothing can be added from it any more. Servers that came from it stay, and hear of no newer
            version.
          </p>
        </Confirm>
      )}
    </div>
  )
}
