import type { Invite, LogRow, Member, SeenClient, Server, Token } from '../../api/shapes.ts'

export type StepId = 'server' | 'connect' | 'call' | 'credential' | 'teammate'

export interface Step {
  id: StepId
  done: boolean
  optional: boolean
}

/** What is known; a part is absent where one may not see it. */
export interface FirstDay {
  servers?: readonly Server[] | undefined
  tokens?: readonly Token[] | undefined
  clients: readonly SeenClient[]
  call?: LogRow | undefined
  members?: readonly Member[] | undefined
  invites?: readonly Invite[] | undefined
}

/** What is to be done on the first day by who may do it, in that order, and what of it is done. */
export function stepsOf({ servers, tokens, clients, call, members, invites }: FirstDay): Step[] {
  const steps: (Step | false)[] = [
    servers !== undefined && step('server', servers.some(isReady)),
    tokens !== undefined &&
      servers?.some(opensByCredential) === true && {
        ...step('credential', !servers.some(lacksCredential)),
      },
    step('connect', (tokens?.length ?? 0) > 0 || clients.length > 0 || call !== undefined),
    step('call', call !== undefined),
    members !== undefined && {
      ...step('teammate', members.length > 1 || (invites?.length ?? 0) > 0),
      optional: true,
    },
  ]
  return steps.filter((one) => one !== false)
}

function step(id: StepId, done: boolean): Step {
  return { id, done, optional: false }
}

/** Whether all is done that has to be. */
export function isComplete(steps: readonly Step[]): boolean {
  return steps.every(({ done, optional }) => done || optional)
}

function isReady({ enabled, status }: Server): boolean {
  return enabled && status === 'ready'
}

function opensByCredential({ credential, status }: Server): boolean {
  return credential !== undefined || status === 'needs_credential'
}

function lacksCredential({ enabled, status }: Server): boolean {
  return enabled && status === 'needs_credential'
}
