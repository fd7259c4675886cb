import type { Deployment } from './deployment.ts'

/** A key for each deployment of an entry, which stays when others come or go: what it is, not which place it has. */
export function deploymentKeys(deployments: readonly Deployment[]): string[] {
  const seen = new Map<string, number>()
  return deployments.map((deployment) => {
    const key = keyOf(deployment)
    const count = (seen.get(key) ?? 0) + 1
    seen.set(key, count)
    return count === 1 ? key : `${key}#${count}`
  })
}

function keyOf({ kind, auth, label, recipe }: Deployment): string {
  if (recipe.kind === 'package') return `${kind}:${recipe.package.identifier}`
  return ['remote', auth, ...(label === undefined ? [] : [label])].join(':')
}
