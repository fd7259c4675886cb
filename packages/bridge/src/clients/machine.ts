import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import type { Settings } from '../settings.ts'
import type { Copy } from './launch.ts'
import type { Place } from './place.ts'

/** What is set up: the machine, and the copy of the bridge that does it. */
export interface Machine {
  readonly place: Place
  readonly copy: Copy
  /** Folders every program finds commands in; those of the system unless said otherwise. */
  readonly folders?: readonly string[]
}

export function thisMachine({ platform, ownWorkspace }: Settings, env: NodeJS.ProcessEnv): Machine {
  return { place: { platform, env, home: homedir() }, copy: runningCopy(ownWorkspace) }
}

export function runningCopy(ownWorkspace: string | undefined): Copy {
  const script = process.argv[1] ?? ''
  return { node: process.execPath, script: resolved(script), ownWorkspace }
}

/** Commands are links into the folder of the package. */
function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
