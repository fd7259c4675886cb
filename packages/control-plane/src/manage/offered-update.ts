import { aboutEntry } from '../catalog/catalog-entry.ts'
import type { Deployment } from '../catalog/deployment.ts'
import { deploymentKeys } from '../catalog/deployment-key.ts'
import type { ShelfView, Shelved } from '../catalog/shelf.ts'
import { showTemplate } from '../catalog/template.ts'
import type { Server, ServerOrigin } from '../model/server.ts'

type Values = Readonly<Record<string, string>>

/** What the catalog has instead of what a server was made of. */
export interface OfferedUpdate {
  shelved: Shelved
  deployment: Deployment
  /** Versions of the package, or addresses. */
  from: string
  to: string
}

/** Undefined where the catalog has nothing newer, or has the entry no more. */
export function offeredUpdate({ origin }: Server, view: ShelfView): OfferedUpdate | undefined {
  const shelved = origin && view.shelved(origin.entry)
  if (origin === undefined || shelved === undefined) return undefined
  const deployment = shelved.deployments[deploymentKeys(shelved.deployments).indexOf(origin.deployment)]
  if (deployment === undefined || deployment.obstacle !== undefined) return undefined
  const now = originOf(shelved, deployment, {})
  const from = origin.address ?? origin.version
  const to = now.address ?? now.version
  return from === to ? undefined : { shelved, deployment, from, to }
}

/** Where a server comes from that is made of this deployment and these values. */
export function originOf(
  { entry, deployments }: Shelved,
  deployment: Deployment,
  values: Values,
): ServerOrigin {
  const { recipe } = deployment
  return {
    entry: aboutEntry(entry).id,
    deployment: deploymentKeys(deployments)[deployments.indexOf(deployment)] ?? '',
    version: (recipe.kind === 'package' ? recipe.package.version : undefined) ?? entry.version,
    ...(recipe.kind === 'remote' && { address: showTemplate(recipe.url) }),
    values,
  }
}

/** The values that are no secrets, which are kept in plain text. */
export function openValues({ needs }: Deployment, values: Values): Record<string, string> {
  const open = needs.filter(({ name, isSecret }) => !isSecret && (values[name] ?? '') !== '')
  return Object.fromEntries(open.map(({ name }) => [name, values[name] ?? '']))
}
