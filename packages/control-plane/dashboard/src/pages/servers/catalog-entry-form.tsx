import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowLeft, ExternalLink } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { catalogEntryQuery, serversQuery } from '../../api/queries.ts'
import { createServer } from '../../api/servers.ts'
import type { CatalogEntry, Deployment, Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices } from '../../parts/fields.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Notice } from '../../parts/notice.tsx'
import type { Added } from './add-server-dialog.tsx'
import { EntryBadges } from './catalog-way.tsx'
import { categoryWord, deploymentWords, verifiedWords } from './catalog-words.ts'
import { filledValues, NeedFields } from './need-fields.tsx'
import { NameField } from './remote-server-form.tsx'

interface Props {
  slug: string
  id: string
  onAdded: (added: Added) => void
  onClose: () => void
}

/** One server of the catalog: what it is, the ways to have it, and exactly the values that the chosen one needs. */
export function CatalogEntryForm({ slug, id, onAdded, onClose }: Props) {
  const entry = useQuery(catalogEntryQuery(id))
  return (
    <div className="stack">
      <Link
        className="catalog-back"
        to="/w/$slug/servers"
        params={{ slug }}
        search={{ add: 'catalog' }}
        replace
        resetScroll={false}
      >
        <ArrowLeft size={15} aria-hidden="true" /> All servers of the catalog
      </Link>
      <Loaded query={entry} height="20rem">
        {(loaded) => (
          <>
            <EntryFacts slug={slug} entry={loaded} />
            <AdditionForm slug={slug} entry={loaded} onAdded={onAdded} onClose={onClose} />
          </>
        )}
      </Loaded>
    </div>
  )
}

function EntryFacts({ slug, entry }: { slug: string; entry: CatalogEntry }) {
  const { links } = entry
  // The row that led here is gone, and the focus with it.
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <div className="stack close">
      <h3 className="catalog-name" ref={heading} tabIndex={-1}>
        {entry.title}
      </h3>
      <p>{entry.description}</p>
      <div className="row">
        <EntryBadges item={entry} />
        <span className="soft small">
          {entry.vendor} · {categoryWord(entry.category)}
        </span>
      </div>
      <p className="row small">
        <Outside to={links.homepage}>Home page</Outside>
        {links.docs !== undefined && links.docs !== links.homepage && (
          <Outside to={links.docs}>Documentation</Outside>
        )}
        {links.source !== undefined && <Outside to={links.source}>Source</Outside>}
        <span className="soft">{verifiedWords(entry)}</span>
      </p>
      {(entry.status !== 'active' || entry.statusNote !== undefined) && (
        <Notice
          tone={entry.status === 'active' ? 'info' : 'warn'}
          title={entry.status === 'active' ? undefined : `This server is ${entry.status}`}
        >
          {entry.statusNote}
          {entry.replacedBy !== undefined && (
            <p>
              <Link
                to="/w/$slug/servers"
                params={{ slug }}
                search={{ add: 'catalog', entry: entry.replacedBy }}
                replace
                resetScroll={false}
              >
                Look at what replaces it
              </Link>
            </p>
          )}
        </Notice>
      )}
      {entry.denied !== undefined && (
        <Notice tone="bad" title="The rules of this installation do not allow it">
          {entry.denied}
        </Notice>
      )}
    </div>
  )
}

function Outside({ to, children }: { to: string; children: ReactNode }) {
  return (
    <a href={to} target="_blank" rel="noreferrer">
      {children} <ExternalLink size={12} aria-hidden="true" />
    </a>
  )
}

interface FormProps {
  slug: string
  entry: CatalogEntry
  onAdded: (added: Added) => void
  onClose: () => void
}

function AdditionForm({ slug, entry, onAdded, onClose }: FormProps) {
  const { deployments } = entry
  const [index, setIndex] = useState(() => Math.max(firstOpen(deployments), 0))
  const servers = useQuery(serversQuery(slug))
  const [typed, setName] = useState<string>()
  const name = typed ?? freeName(suggestedName(entry.id), servers.data?.items)
  const [values, setValues] = useState<Record<string, string>>({})
  const refresh = useRefresh()
  const deployment = deployments[index]
  const addition = useMutation({
    async mutationFn(given: Record<string, string> | undefined) {
      const server = await createServer(slug, {
        name: name.trim(),
        catalog: entry.id,
        deployment: index,
        ...(given !== undefined && { values: given }),
      })
      await refresh(slug)
      return server
    },
    onSuccess: (server) => onAdded({ server }),
  })
  if (deployment === undefined) return null
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        addition.mutate(filledValues(deployment.needs, values))
      }}
    >
      {deployments.length > 1 && (
        <Choices
          legend="How to have it"
          value={String(index)}
          onChange={(chosen) => {
            addition.reset()
            setIndex(Number(chosen))
          }}
          options={deployments.map((each, place) => ({ value: String(place), ...deploymentWords(each) }))}
        />
      )}
      <DeploymentFacts
        deployment={deployment}
        isOnly={deployments.length === 1}
        isDenied={entry.denied !== undefined}
        warning={entry.warning}
      />
      {deployment.obstacle === undefined && (
        <>
          <NameField value={name} onChange={setName} mistake={undefined} />
          <NeedFields
            needs={deployment.needs}
            values={values}
            onChange={(need, value) => setValues({ ...values, [need]: value })}
          />
        </>
      )}
      {addition.isError && <ErrorNotice error={addition.error} />}
      <div className="dialog-foot">
        {deployment.obstacle === undefined && canComeLater(deployment) && (
          <Button look="quiet" disabled={addition.isPending} onClick={() => addition.mutate(undefined)}>
            Add it without the key
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        {deployment.obstacle === undefined && (
          <Button type="submit" look="main" busy={addition.isPending}>
            {addition.isPending ? 'Adding and checking' : 'Add and check'}
          </Button>
        )}
      </div>
    </form>
  )
}

interface DeploymentProps {
  deployment: Deployment
  isOnly: boolean
  /** Said already, of all of them. */
  isDenied: boolean
  warning: string | undefined
}

function DeploymentFacts({ deployment, isOnly, isDenied, warning }: DeploymentProps) {
  const { obstacle, oauth, registerAt, kind } = deployment
  const { label, hint } = deploymentWords(deployment)
  return (
    <>
      {isOnly && (
        <p className="soft small">
          {label}
          {hint !== undefined && (
            <>
              : <code className="wrap">{hint}</code>
            </>
          )}
        </p>
      )}
      {obstacle !== undefined && !isDenied && (
        <Notice tone="warn" title="It cannot be added here this way">
          {obstacle}
        </Notice>
      )}
      {kind !== 'remote' && warning !== undefined && (
        <Notice tone="warn" title="Only an owner can add it">
          {warning}
        </Notice>
      )}
      {deployment.warning !== undefined && <Notice tone="warn">{deployment.warning}</Notice>}
      {oauth !== undefined && obstacle === undefined && (
        <Notice title="You log in after it is added">
          {oauth.client === 'dynamic'
            ? 'Its vendor asks whether the gateway may use your account.'
            : 'Its vendor wants an OAuth client of your own first.'}{' '}
          {registerAt !== undefined && <Outside to={registerAt}>Make one at the vendor’s</Outside>}
        </Notice>
      )}
    </>
  )
}

function firstOpen(deployments: readonly Deployment[]): number {
  return deployments.findIndex(({ obstacle }) => obstacle === undefined)
}

/** Of `acme.tickets`, the part that is not its catalog. */
function suggestedName(id: string): string {
  return (id.split('.').at(-1) ?? id).slice(0, 32).replace(/-+$/, '')
}

/** As the API would call it when nobody gave a name. */
function freeName(name: string, servers: readonly Server[] = []): string {
  const isTaken = (candidate: string) => servers.some((server) => server.name === candidate)
  let free = name
  for (let number = 2; isTaken(free); number += 1) free = `${name.slice(0, 28)}-${number}`
  return free
}

/** Somebody else may hold the key: what is missing then must be nothing but secrets. */
function canComeLater({ needs }: Deployment): boolean {
  const required = needs.filter((need) => need.isRequired && need.default === undefined)
  return required.length > 0 && required.every(({ isSecret }) => isSecret)
}
