import { z } from 'zod'
import { may } from '../access/permissions.ts'
import { noAnswer, nothing, toInstant } from './fields.ts'
import { inWorkspace } from './operation.ts'
import { credentialAnswer, describeCredential } from './server-answer.ts'
import { requireServer } from './servers.ts'
import { requireHeaderValues } from './upstream-target.ts'

interface OneServer {
  workspace: string
  server: string
}

/** Lengths and names are the vault's to judge; no mistake ever quotes a value. */
const credentialInput = z.strictObject({ values: z.record(z.string(), z.string()) })

export const putCredential = inWorkspace({
  name: 'credential.put',
  summary: "Set the values of a server's credential, replacing all earlier ones; they are never shown again",
  action: 'credential.write',
  recorded: true,
  input: credentialInput,
  answer: credentialAnswer.extend({ warning: z.string().exactOptional() }),
  async run(scene, where: OneServer, { values }) {
    const server = await requireServer(scene, where)
    requireHeaderValues(server.target, values)
    const { names, version, updatedAt, tooShort } = await scene.manage.vault.put(server, values)
    return { names, version, updatedAt: toInstant(updatedAt), ...warningAbout(tooShort) }
  },
})

function warningAbout(tooShort: readonly string[]): { warning?: string } {
  if (tooShort.length === 0) return {}
  const names = tooShort.join(', ')
  return {
    warning: `${names}: shorter than 8 characters, and so not told from ordinary text. If the server repeats it in an answer, it stays visible there.`,
  }
}

export const showCredential = inWorkspace({
  name: 'credential.show',
  summary: "The names a server's credential has values for; to developers only whether it is set",
  action: 'credential.describe',
  recorded: false,
  input: nothing,
  answer: z.union([credentialAnswer, z.strictObject({ set: z.boolean() })]),
  async run(scene, where: OneServer) {
    const server = await requireServer(scene, where)
    const credential = await describeCredential(scene.manage, server)
    if (may(scene.principal, 'credential.write', server.workspaceId)) return credential
    return { set: credential.version !== null }
  },
})

export const removeCredential = inWorkspace({
  name: 'credential.remove',
  summary: "Forget a server's credential",
  action: 'credential.write',
  recorded: true,
  input: nothing,
  answer: noAnswer,
  async run(scene, where: OneServer) {
    const server = await requireServer(scene, where)
    await scene.manage.vault.remove(server)
    return undefined
  },
})
