import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { serversQuery } from '../../api/queries.ts'
import { createServer } from '../../api/servers.ts'
import type { Deployment, Server } from '../../api/shapes.ts'
import { useRefresh } from '../../api/use-refresh.ts'
import { Button } from '../../parts/button.tsx'
import { ErrorNotice } from '../../parts/error-notice.tsx'
import { Choices } from '../../parts/fields.tsx'
import { Notice } from '../../parts/notice.tsx'
import { OutsideLink } from '../../parts/outside-link.tsx'
import type { Added } from './add-server-dialog.tsx'
import { deploymentWords } from './catalog-words.ts'
import { filledValues, NeedFields } from './need-fields.tsx'
import { NameField } from './remote-server-form.tsx'

/** A server that is described: by the catalog, or by its own `server.json`. */
export interface Offer {
  /** What says to the API which server it is. */
  place: Record<string, unknown>
  suggestedName: string
  deployments: readonly Deployment[]
  /** Said already, of all of them. */
  isDenied: boolean
  /** Why only an owner can add a program. */
  warning: string | undefined
}

interface FormProps {
  slug: string
  offer: Offer
  onAdded: (added: Added) => void
  onClose: () => void
}

/** The ways to have such a server, and a form of exactly the values that the chosen one needs. */
export function DescribedServerForm({ slug, offer, onAdded, onClose }: FormProps) {
  const { deployments } = offer
  const [index, setIndex] = useState(() => Math.max(firstOpen(deployments), 0))
  const servers = useQuery(serversQuery(slug))
  const [typed, setName] = useState<string>()
  const name = typed ?? freeName(usableName(offer.suggestedName), servers.data?.items)
  const [values, setValues] = useState<Record<string, string>>({})
  const refresh = useRefresh()
  const deployment = deployments[index]
  const addition = useMutation({
    async mutationFn(given: Record<string, string> | undefined) {
      const server = await createServer(slug, {
        name: name.trim(),
        ...offer.place,
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
        isDenied={offer.isDenied}
        warning={offer.warning}
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
          {registerAt !== undefined && <OutsideLink to={registerAt}>Make one at the vendor’s</OutsideLink>}
        </Notice>
      )}
    </>
  )
}

function firstOpen(deployments: readonly Deployment[]): number {
  return deployments.findIndex(({ obstacle }) => obstacle === undefined)
}

function usableName(name: string): string {
  return name.slice(0, 32).replace(/-+$/, '')
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
