import { type ChildProcess, spawn } from 'node:child_process'
import { win32 } from 'node:path'

/** The program that opens an address, as an argument vector: no shell ever reads the address. */
export interface Opener {
  readonly file: string
  readonly args: readonly string[]
}

/** The ways to open an address on this system, best first. Empty for whatever is not a plain http(s) address. */
export function openersFor(
  address: string,
  { platform, environment }: { platform: NodeJS.Platform; environment: NodeJS.ProcessEnv },
): Opener[] {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return []
  const { href } = url
  if (platform === 'darwin') return [{ file: '/usr/bin/open', args: [href] }]
  if (platform === 'win32') {
    // By its full path: Windows looks for programs in the working folder first.
    const folder = win32.join(environment.SystemRoot ?? 'C:\\Windows', 'System32')
    return [{ file: win32.join(folder, 'rundll32.exe'), args: ['url.dll,FileProtocolHandler', href] }]
  }
  const isWsl = Boolean(environment.WSL_DISTRO_NAME)
  return [...(isWsl ? ['wslview'] : []), 'xdg-open'].map((file) => ({ file, args: [href] }))
}

/** Resolves with whether the address was handed to a browser, as far as one can tell. */
export async function openBrowser(
  address: string,
  surroundings: { platform: NodeJS.Platform; environment: NodeJS.ProcessEnv },
): Promise<boolean> {
  const env = environmentFor(surroundings.environment)
  for (const { file, args } of openersFor(address, surroundings)) {
    const child = spawn(file, args, { detached: true, stdio: 'ignore', windowsHide: true, env })
    child.unref()
    if (await succeeds(child)) return true
  }
  return false
}

/** xdg-open would run whatever BROWSER says, and no browser needs a token of ours. */
function environmentFor(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isKept = (name: string) => name !== 'BROWSER' && !name.startsWith('MCPGW_')
  return Object.fromEntries(Object.entries(environment).filter(([name]) => isKept(name)))
}

// Some openers stay for as long as the browser runs; one that has not failed by then has opened it.
const openedAfterMs = 3_000

function succeeds(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(true), openedAfterMs).unref()
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
