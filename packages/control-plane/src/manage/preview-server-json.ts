import { z } from 'zod'
import { may } from '../access/permissions.ts'
import type { Deployment } from '../catalog/deployment.ts'
import { slugOf } from '../catalog/foreign-entry.ts'
import { serverJson } from '../catalog/server-json.ts'
import { deploymentAnswer, describeDeployment } from './deployment-answer.ts'
import { requireDeployments } from './described-server.ts'
import { inWorkspace, type WorkspaceScene } from './operation.ts'

const reading = z.strictObject({
  title: z.string(),
  description: z.string(),
  version: z.string(),
  /** What it would be called here, if that name is free. */
  suggestedName: z.string(),
  deployments: z.array(deploymentAnswer),
})

export const previewServerJson = inWorkspace({
  name: 'server.preview-json',
  summary:
    'The ways that a server.json gives to have its server, and the values that each needs; nothing is kept',
  action: 'server.write',
  recorded: false,
  input: z.strictObject({ serverJson }),
  answer: reading,
  async run(scene, _where: { workspace: string }, input) {
    const { title, name, description, version } = input.serverJson
    return {
      title: title ?? name,
      description,
      version,
      suggestedName: slugOf(name),
      deployments: requireDeployments(input.serverJson).map((deployment) => ({
        ...describeDeployment(deployment),
        ...obstacleFor(scene, deployment),
      })),
    }
  },
})

/** What adding it would be refused with, said beforehand. */
function obstacleFor({ manage, principal }: WorkspaceScene, { kind, obstacle }: Deployment) {
  if (obstacle !== undefined || kind === 'remote') return {}
  if (!manage.hostingAllowed) return { obstacle: 'This installation does not run servers of its own.' }
  if (may(principal, 'server.host')) return {}
  return { obstacle: 'It is a program that no catalog vouches for. Ask an owner to add it.' }
}
