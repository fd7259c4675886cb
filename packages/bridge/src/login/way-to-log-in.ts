import { BridgeError } from '../bridge-error.ts'

/** What tells whether a person sits here, and whether a browser can open beside them. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv
  readonly platform: NodeJS.Platform
  readonly isContainer: boolean
  readonly hasTerminal: boolean
}

/** What the command line asks for. */
export interface LoginWishes {
  readonly device: boolean
  readonly browser: boolean
  /** False: print the address and open nothing. */
  readonly open: boolean
}

/** Refuses where nobody could answer, unless the command line says that somebody will. */
export function chooseWayToLogIn(wishes: LoginWishes, surroundings: Surroundings): 'browser' | 'device' {
  if (wishes.device && wishes.browser) {
    throw new BridgeError('usage', 'A login goes by --device or by --browser, not by both.')
  }
  if (wishes.device) return 'device'
  if (wishes.browser) return 'browser'
  if (wishes.open) requirePerson(surroundings)
  return mayOpenBrowser(surroundings) ? 'browser' : 'device'
}

function requirePerson({ environment, hasTerminal }: Surroundings): void {
  const isCi = !['', '0', 'false'].includes(environment.CI?.toLowerCase() ?? '')
  if (hasTerminal && !isCi) return
  const why = isCi ? 'this is a CI run' : 'stdin is not a terminal'
  throw new BridgeError('login_needed', `Nobody is there to approve a login: ${why}.`, {
    fix:
      'Set MCPGW_TOKEN and MCPGW_WORKSPACE, or pipe a token in: mcpgw login URL --with-token < token-file. ' +
      'Where somebody can approve it elsewhere, type: mcpgw login URL --device',
  })
}

/** A browser that opens on another screen, or none, would leave the login waiting. */
function mayOpenBrowser({ environment, platform, isContainer }: Surroundings): boolean {
  if (environment.SSH_CONNECTION || isContainer) return false
  return platform !== 'linux' || Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
}
