import { z } from 'zod'
import { AUTH_KINDS, OAUTH_CLIENTS } from '../catalog/catalog-entry.ts'
import type { Deployment } from '../catalog/deployment.ts'
import { showTemplate } from '../catalog/template.ts'

export const DEPLOYMENT_KINDS = ['remote', 'npm', 'pypi', 'oci'] as const satisfies Deployment['kind'][]
const TRANSPORTS = ['streamable-http', 'sse', 'stdio'] as const satisfies Deployment['transport'][]

export const need = z.strictObject({
  name: z.string(),
  isSecret: z.boolean(),
  isRequired: z.boolean(),
  description: z.string().exactOptional(),
  format: z.enum(['string', 'number', 'boolean', 'filepath']),
  default: z.string().exactOptional(),
  choices: z.array(z.string()).exactOptional(),
  placeholder: z.string().exactOptional(),
  getItAt: z.string().exactOptional(),
  goesInto: z.union([
    z.strictObject({ kind: z.enum(['header', 'variable']), name: z.string() }),
    z.strictObject({ kind: z.enum(['argument', 'address']) }),
  ]),
})

export const deploymentAnswer = z.strictObject({
  kind: z.enum(DEPLOYMENT_KINDS),
  transport: z.enum(TRANSPORTS),
  auth: z.enum(AUTH_KINDS),
  oauth: z
    .strictObject({ client: z.enum(OAUTH_CLIENTS), scopes: z.array(z.string()).exactOptional() })
    .exactOptional(),
  registerAt: z.string().exactOptional(),
  label: z.string().exactOptional(),
  warning: z.string().exactOptional(),
  tools: z.int().exactOptional(),
  obstacle: z.string().exactOptional(),
  /** With `{NAME}` for what is needed. */
  url: z.string().exactOptional(),
  package: z.string().exactOptional(),
  version: z.string().exactOptional(),
  needs: z.array(need),
})

/** A way to have a server, and what it needs, as those are told who may add it. */
export function describeDeployment({ recipe, ...deployment }: Deployment): z.output<typeof deploymentAnswer> {
  if (recipe.kind === 'remote') return { ...deployment, url: showTemplate(recipe.url) }
  const { identifier, version } = recipe.package
  return { ...deployment, package: identifier, ...(version !== undefined && { version }) }
}
