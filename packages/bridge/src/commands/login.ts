import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { expiryOf, fetchIdentity } from '../api/identity.ts'
import type { Identity } from '../api/shapes.ts'
import { BridgeError } from '../bridge-error.ts'
import { requireWellFormedToken } from '../credentials/token.ts'
import { createTokenStore, type TokenPlace } from '../credentials/token-store.ts'
import { chooseWorkspace } from '../credentials/workspace-choice.ts'
import { type Gateway, openGateway } from '../http/gateway.ts'
import type { Network } from '../http/network.ts'
import { TransportError } from '../http/transport-error.ts'
import { createAuthorizationServer } from '../login/authorization-server.ts'
import { loginByBrowser } from '../login/browser-login.ts'
import { type DeviceInvitation, loginByDevice } from '../login/device-login.ts'
import { nameOfDevice } from '../login/device-name.ts'
import { untilInterrupted } from '../login/interruption.ts'
import { loginByInvite } from '../login/invite-login.ts'
import type { IssuedToken } from '../login/issued-token.ts'
import { type LoginTarget, parseLoginTarget } from '../login/login-target.ts'
import { openBrowser } from '../login/open-browser.ts'
import { chooseWayToLogIn, type LoginWishes } from '../login/way-to-log-in.ts'
import type { WorkspaceUrl } from '../workspace-url.ts'
import type { CommandContext } from './context.ts'

interface LoginFlags extends LoginWishes {
  readonly withToken: boolean
  readonly rememberNetwork: boolean
}

const unsaid: LoginFlags = {
  device: false,
  browser: false,
  open: true,
  withToken: false,
  rememberNetwork: true,
}

type Way = 'token' | 'invite' | 'browser' | 'device'

export function addLogin(program: Command, context: CommandContext): void {
  program
    .command('login')
    .description('log in to a workspace and keep its token in the keychain')
    .argument('[target]', 'URL of the workspace, or an invite link')
    .option('--device', 'approve in a browser on another machine')
    .option('--browser', 'approve in a browser on this machine')
    .option('--no-open', 'print the address and open no browser')
    .option('--with-token', 'read a token from stdin instead')
    .option('--no-remember-network', 'keep neither proxy nor CA file of this shell')
    .option('--json', 'print the result as JSON')
    .action((target: string | undefined, flags: Partial<LoginFlags>) =>
      login(target, { ...unsaid, ...flags }, context),
    )
}

/** Gets a token by the way that fits, checks it with the gateway, and keeps it for the bridge. */
async function login(text: string | undefined, flags: LoginFlags, context: CommandContext): Promise<void> {
  const { settings, console } = context
  const store = createTokenStore(settings)
  const target = text === undefined ? await knownTarget(context) : parseLoginTarget(text)
  const way = chooseWay(target, flags, context)
  const place = await console.during('Asking the keychain', store.openPlace())
  const gateway = await openGateway(target.origin, settings.network)
  try {
    const issued = await obtainToken(way, { target, gateway, flags, context })
    const identity = await checkToken(issued, gateway)
    const network = flags.rememberNetwork ? withAbsoluteCaFile(settings.network) : {}
    const previous = await store.defaultWorkspace()
    await place.save(issued.workspace.href, issued.token, network)
    report({ workspace: issued.workspace, identity, place, network, previous, context })
  } catch (error) {
    throw error instanceof TransportError ? unreachable(target.origin, error) : error
  } finally {
    await gateway.destroy()
  }
}

async function knownTarget({ settings }: CommandContext): Promise<LoginTarget> {
  const store = createTokenStore(settings)
  const workspace = await chooseWorkspace(undefined, { ...settings, token: undefined }, store)
  return { kind: 'workspace', origin: workspace.origin, workspace }
}

function chooseWay(target: LoginTarget, flags: LoginFlags, { settings, streams }: CommandContext): Way {
  if (target.kind === 'invite') {
    if (!flags.withToken) return 'invite'
    throw new BridgeError('usage', 'An invite link brings its own token.', { fix: 'Leave out --with-token.' })
  }
  if (flags.withToken) return 'token'
  return chooseWayToLogIn(flags, {
    environment: streams.env,
    platform: settings.platform,
    isContainer: ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path)),
    hasTerminal: Boolean(streams.stdin.isTTY),
  })
}

interface LoginAttempt {
  readonly target: LoginTarget
  readonly gateway: Gateway
  readonly flags: LoginFlags
  readonly context: CommandContext
}

async function obtainToken(
  way: Way,
  { target, gateway, flags, context }: LoginAttempt,
): Promise<IssuedToken> {
  const { console } = context
  const server = createAuthorizationServer(target.origin, gateway)
  const deviceName = nameOfDevice()
  if (target.kind === 'invite') return loginByInvite({ server, invite: target.invite, deviceName })

  const { workspace } = target
  if (way === 'token') return { token: await askForToken(context), workspace }
  const attempt = { server, workspace, deviceName }
  const login =
    way === 'device'
      ? loginByDevice({
          ...attempt,
          show: (invitation) => console.say(sayInvitation(invitation, workspace)),
          clock: { now: Date.now, wait },
        })
      : loginByBrowser({ ...attempt, show: (address) => showAddress(address, workspace, flags, context) })
  const issued = await untilInterrupted(login)
  if (issued.workspace.href === workspace.href) return issued
  throw new BridgeError(
    'not_mcp',
    `The login was for ${workspace.href}, the token is for another workspace.`,
    {
      fix: 'Log in with the URL that the gateway itself gives for the workspace.',
    },
  )
}

const waiting = 'Waiting for your approval; Ctrl-C stops.'

function sayInvitation({ userCode, address, completeAddress }: DeviceInvitation, { href }: WorkspaceUrl) {
  return [
    `To log in to ${href}, open ${address}`,
    `and enter the code ${userCode}`,
    ...(completeAddress === undefined ? [] : [`or, with the code in it: ${completeAddress}`]),
    waiting,
  ].join('\n')
}

function showAddress(
  address: string,
  workspace: WorkspaceUrl,
  { open }: LoginFlags,
  { console, streams, settings }: CommandContext,
): void {
  const how = open ? 'approve it in the browser that opens, or open' : 'open'
  console.say(`To log in to ${workspace.href}, ${how} this address:\n${address}`)
  if (!open) return
  void openBrowser(address, { platform: settings.platform, environment: streams.env }).then((isOpen) => {
    if (!isOpen) console.say('No browser could be opened here: open the address by hand.')
  })
}

async function askForToken({ console, streams }: CommandContext): Promise<string> {
  const text = console.isInteractive ? await askHidden(streams) : await readAll(streams.stdin)
  return requireWellFormedToken(text.trim(), 'stdin')
}

async function askHidden(streams: CommandContext['streams']): Promise<string> {
  const { openPrompts } = await import('../terminal/prompts.ts')
  const answer = await (await openPrompts(streams)).secret('Paste the token')
  if (typeof answer === 'string') return answer
  throw new BridgeError('login_needed', 'The login was given up.')
}

async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

async function checkToken({ token, workspace }: IssuedToken, gateway: Gateway): Promise<Identity> {
  const identity = await fetchIdentity({
    workspace: async () => workspace,
    send: ({ path = workspace.path, ...request }) =>
      gateway.send({
        ...request,
        path,
        headers: { ...request.headers, authorization: `Bearer ${token}` },
      }),
  })
  requireUsable(identity, workspace)
  return identity
}

function requireUsable(identity: Identity, workspace: WorkspaceUrl): void {
  if (identity.role === 'owner') {
    throw new BridgeError('forbidden', 'An owner token opens the whole installation and is not kept here.', {
      fix: 'Issue a developer token for this workspace and log in with that one.',
    })
  }
  if (identity.workspace !== workspace.slug) {
    const theirs = identity.workspace === undefined ? 'no workspace' : `the workspace "${identity.workspace}"`
    throw new BridgeError('forbidden', `This token is for ${theirs}, not for "${workspace.slug}".`, {
      fix: 'Log in with the URL of the workspace the token was issued for.',
    })
  }
}

function withAbsoluteCaFile(network: Network): Network {
  return network.caFile === undefined ? network : { ...network, caFile: resolve(network.caFile) }
}

function report(done: {
  workspace: WorkspaceUrl
  identity: Identity
  place: TokenPlace
  network: Network
  previous: string | undefined
  context: CommandContext
}): void {
  const { identity, place, context, previous } = done
  const { console, settings } = context
  const workspace = done.workspace.href
  const { role, member } = identity
  const { storage, where, warning } = place
  if (warning !== undefined) console.warn(`${warning} The token is kept in ${where}, readable by you alone.`)
  if (settings.token !== undefined) console.warn('MCPGW_TOKEN is set and goes on winning over this login.')
  const remembered = namesOf(done.network)
  console.result({ workspace, role, member, expiresAt: expiryOf(identity), storage, where, remembered }, [
    `Logged in to ${workspace} as ${member} (${role}). The token is kept in ${article(storage)}${where}.`,
    ...(previous === workspace ? [] : [`It is the default workspace now${insteadOf(previous)}.`]),
    ...(remembered === undefined
      ? []
      : [`Remembered from this shell, for clients that pass no environment on: ${remembered.join(', ')}.`]),
  ])
  if (console.isInteractive) console.say('Next, bring it into your AI clients: mcpgw install')
}

const article = (storage: string) => (storage === 'keychain' ? 'the ' : '')

function insteadOf(previous: string | undefined): string {
  return previous === undefined ? '' : `, instead of ${previous}; mcpgw use changes that`
}

/** The settings that were remembered, without a password that a proxy's address may hold. */
function namesOf({ httpProxy, httpsProxy, noProxy, caFile }: Network): string[] | undefined {
  const proxies = Array.from(new Set([httpsProxy, httpProxy])).flatMap((proxy) =>
    proxy === undefined ? [] : [nameOfProxy(proxy)],
  )
  const names = [
    ...proxies,
    ...(noProxy === undefined ? [] : [`no proxy for ${noProxy}`]),
    ...(caFile === undefined ? [] : [`CA file ${caFile}`]),
  ]
  return names.length === 0 ? undefined : names
}

function nameOfProxy(proxy: string): string {
  const name = proxy.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1')
  return name === proxy ? `proxy ${name}` : `proxy ${name} with its login`
}

function unreachable(origin: string, error: TransportError): BridgeError {
  return new BridgeError('unreachable', `${origin} cannot be reached (${error.message}).`, {
    fix: 'Check the URL, and that the gateway runs.',
    cause: error,
  })
}
