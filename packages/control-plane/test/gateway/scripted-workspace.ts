import { ControlPlane } from '../control-plane.ts'
import type { Heard } from '../upstreams/script.ts'
import { startScripted } from '../upstreams/scripted-http.ts'
import { scriptedProcess } from '../upstreams/scripted-process.ts'

/** The scripted server in every form there is, by the name it has in the workspace. */
export const KINDS = ['legacy-http', 'modern-http', 'legacy-sse', 'legacy-stdio', 'modern-stdio'] as const
export type Kind = (typeof KINDS)[number]

export const eraOf = (kind: Kind) => (kind.startsWith('modern') ? 'modern' : 'legacy')

export interface ScriptedWorkspace extends AsyncDisposable {
  plane: ControlPlane
  slug: string
  url: string
  token: string
  heard(kind: Kind): Heard[]
}

/** A control plane with one workspace that has the scripted server in all its forms. */
export async function openScriptedWorkspace(more: Record<string, unknown> = {}): Promise<ScriptedWorkspace> {
  const open = new AsyncDisposableStack()
  const plane = open.use(await ControlPlane.start())
  const legacy = open.use(await startScripted('legacy'))
  const modern = open.use(await startScripted('modern'))
  const sse = open.use(await startScripted('sse'))
  const legacyProcess = open.use(scriptedProcess('legacy'))
  const modernProcess = open.use(scriptedProcess('modern'))
  const slug = 'scripted'
  const { url, token } = await plane.workspace(slug)
  await Promise.all([
    plane.addServer(slug, { name: 'legacy-http', url: legacy.url, ...more }),
    plane.addServer(slug, { name: 'modern-http', url: modern.url, ...more }),
    plane.addServer(slug, { name: 'legacy-sse', url: sse.url, ...more }),
    ...[legacyProcess, modernProcess].map(({ command, args }) =>
      plane.addServer(slug, { name: `${args[1]}-stdio`, command, args, ...more }),
    ),
  ])
  const heard: Record<Kind, () => Heard[]> = {
    'legacy-http': () => legacy.heard,
    'modern-http': () => modern.heard,
    'legacy-sse': () => sse.heard,
    'legacy-stdio': legacyProcess.heard,
    'modern-stdio': modernProcess.heard,
  }
  return {
    plane,
    slug,
    url,
    token,
    heard: (kind) => heard[kind](),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
