import type { Pool } from 'undici'
import type { OpenCredential, Scrubber } from '../model/credential.ts'
import { asGatewayError, GatewayError } from '../model/error.ts'
import { placeholdersIn } from '../model/placeholder.ts'
import type { EraVerdict, HostedTarget, OpenApiTarget, RemoteTarget, Server } from '../model/server.ts'
import { parsePlan } from '../openapi/plan.ts'
import type { Channel, UnsolicitedSink } from './channel.ts'
import { type CredentialSource, createHeaderFiller, fillAll, NO_SCRUBBER } from './credential-source.ts'
import type { HostedOptions } from './hosted/hosted-process.ts'
import type { HostedProgram, PackagePrograms } from './hosted/package-programs.ts'
import { HttpChannel, type HttpChannelOptions } from './http-channel.ts'
import { HandshakeFailed, LegacyPeer, unsolicitedFor } from './legacy-peer.ts'
import { ModernPeer } from './modern-peer.ts'
import { OpenApiPeer } from './openapi-peer.ts'
import type { Peer, PeerEvents, PeerProfile } from './peer.ts'
import type { ReplyRoom } from './reply-room.ts'
import { SseChannel } from './sse-channel.ts'
import { StdioChannel } from './stdio-channel.ts'

/** A handshake that takes longer is as good as none; the slowest healthy cold start known took 3.6 s. */
const HANDSHAKE_TIMEOUT_MS = 30_000
const PROBE_TIMEOUT_MS = 10_000
/** Legacy programs may be silent when asked something they do not know, instead of saying so. */
const STDIO_PROBE_TIMEOUT_MS = 4_000

export interface ConnectOptions {
  server: Server
  credentials: CredentialSource
  /** For remote servers and APIs. */
  pool: Pool | undefined
  /** For hosted ones; absent where hosting is off. */
  hosting: (HostedOptions & { workingFolder(server: Server): string; packages: PackagePrograms }) | undefined
  /** For APIs: what is kept of the description, as text. */
  loadPlan(): Promise<string | undefined>
  verdict: EraVerdict | undefined
  replies: ReplyRoom
  hops(): string
  nextId(): number
  events: PeerEvents
  /** Hears of every process as it starts: one that never answers must end with its connections too. */
  started(channel: Channel): void
  noise(): void
}

/** Opens a connection in whichever era and transport the server speaks. Rejects with GatewayError. */
export async function connect(options: ConnectOptions, profile: PeerProfile): Promise<Peer> {
  try {
    const { target } = options.server
    if (target.kind === 'remote') return await connectRemote(options, target, profile)
    if (target.kind === 'hosted') return await connectHosted(options, target, profile)
    return await connectApi(options, target)
  } catch (error) {
    throw error instanceof HandshakeFailed ? error.failure.error : asGatewayError(error)
  }
}

async function connectRemote(
  options: ConnectOptions,
  target: RemoteTarget,
  profile: PeerProfile,
): Promise<Peer> {
  const transport = target.transport === 'auto' ? options.verdict?.transport : target.transport
  if (transport === 'sse') return openSse(options, target, profile)
  if (options.verdict?.era !== 'legacy') {
    const modern = await tryModern(options, target)
    if (modern !== undefined) return modern
  }
  try {
    return await openLegacyHttp(options, target, profile)
  } catch (error) {
    if (target.transport !== 'auto' || !showsOtherTransport(error)) throw error
    return await openSse(options, target, profile).catch(() => Promise.reject(error))
  }
}

/** Undefined when the answer shows a server of the other era. */
async function tryModern(options: ConnectOptions, target: RemoteTarget): Promise<ModernPeer | undefined> {
  const channel = new HttpChannel(httpOptions(options, target, () => {}))
  try {
    const { nextId, events } = options
    return await ModernPeer.discover({
      channel,
      transport: 'streamable-http',
      timeoutMs: PROBE_TIMEOUT_MS,
      nextId,
      events,
    })
  } catch (error) {
    if (showsOtherTransport(error)) return undefined
    throw error
  }
}

/** 400, 404, 405 and their kin say "not like this"; 401, 403, 429, 5xx and silence say nothing about the era. */
function showsOtherTransport(error: unknown): boolean {
  if (!(error instanceof HandshakeFailed) || error.failure.kind !== 'status') return false
  const status = error.failure.status ?? 0
  return [400, 404, 405, 406, 415, 422, 501].includes(status)
}

async function openLegacyHttp(
  options: ConnectOptions,
  target: RemoteTarget,
  profile: PeerProfile,
): Promise<Peer> {
  const channel: HttpChannel = new HttpChannel(httpOptions(options, target, (body) => channel.send(body)))
  return LegacyPeer.open(
    channel,
    'streamable-http',
    profile.capabilities,
    HANDSHAKE_TIMEOUT_MS,
    options.nextId,
  )
}

async function openSse(options: ConnectOptions, target: RemoteTarget, profile: PeerProfile): Promise<Peer> {
  let send: (body: string) => void = () => {}
  const channel = await SseChannel.open(
    httpOptions(options, target, (body) => send(body)),
    PROBE_TIMEOUT_MS,
  )
  send = (body) => channel.send(body)
  return closeOnFailure(
    channel,
    LegacyPeer.open(channel, 'sse', profile.capabilities, HANDSHAKE_TIMEOUT_MS, options.nextId),
  )
}

function httpOptions(
  options: ConnectOptions,
  target: RemoteTarget,
  respond: (body: string) => void,
): HttpChannelOptions {
  return {
    url: new URL(target.url),
    pool: requirePool(options),
    credentials: options.credentials,
    fillHeaders: createHeaderFiller(target),
    wantsLogin: target.oauth !== undefined,
    unsolicited: unsolicitedFor(options.events, respond),
    replies: options.replies,
    hops: options.hops,
  }
}

async function connectApi(options: ConnectOptions, target: OpenApiTarget): Promise<Peer> {
  const kept = await options.loadPlan()
  if (kept === undefined) {
    throw new GatewayError('configuration', 'What this API offers is not known any more.', {
      fix: 'Remove the server, and add it again with its document.',
    })
  }
  const { credentials, replies, hops, nextId } = options
  return new OpenApiPeer({
    url: new URL(target.url),
    plan: parsePlan(kept),
    pool: requirePool(options),
    fillHeaders: createHeaderFiller(target),
    credentials,
    replies,
    hops,
    nextId,
  })
}

function requirePool({ pool }: ConnectOptions): Pool {
  if (pool !== undefined) return pool
  throw new GatewayError('internal', 'There is no connection pool for this server.')
}

async function connectHosted(
  options: ConnectOptions,
  target: HostedTarget,
  profile: PeerProfile,
): Promise<Peer> {
  const known = options.credentials.peek()
  const credential = known === 'unknown' ? await options.credentials.load() : known
  // Before any time limit begins: a package may have to be installed first.
  const program = await requireHosting(options).packages.programOf(target)
  const start = (more: Partial<ConnectOptions>) =>
    startProcess({ ...options, ...more }, target, program, credential)
  if (options.verdict?.era !== 'legacy') {
    const probed = await probeProcess(options, start, profile)
    if (probed !== 'ended when probed') return probed
  }
  const channel = start({})
  return closeOnFailure(channel, openLegacyStdio(channel, options, profile))
}

/** Asks a fresh process for its era. Some legacy programs end at the first request they do not know. */
async function probeProcess(
  options: ConnectOptions,
  start: (more: Partial<ConnectOptions>) => StdioChannel,
  profile: PeerProfile,
): Promise<Peer | 'ended when probed'> {
  const probe = { running: true, ended: false }
  const events: PeerEvents = {
    notification: (message) => options.events.notification(message),
    closed: (error) => {
      if (!probe.running) return options.events.closed(error)
      probe.ended = true
    },
  }
  const channel = start({ events })
  const peer = await openEitherEra(channel, { ...options, events }, profile).catch((error) => error as Error)
  probe.running = false
  if (!(peer instanceof Error)) return peer
  await channel.close()
  if (probe.ended) return 'ended when probed'
  throw peer
}

async function openEitherEra(
  channel: StdioChannel,
  options: ConnectOptions,
  profile: PeerProfile,
): Promise<Peer> {
  const { nextId, events } = options
  const probe = { channel, transport: 'stdio' as const, timeoutMs: STDIO_PROBE_TIMEOUT_MS, nextId, events }
  const modern = await ModernPeer.discover(probe).catch((error) => {
    if (error instanceof HandshakeFailed && error.failure.error.code === 'upstream_timeout') return undefined
    throw error
  })
  return modern ?? openLegacyStdio(channel, options, profile)
}

function openLegacyStdio(
  channel: StdioChannel,
  options: ConnectOptions,
  profile: PeerProfile,
): Promise<Peer> {
  return LegacyPeer.open(channel, 'stdio', profile.capabilities, HANDSHAKE_TIMEOUT_MS, options.nextId)
}

function requireHosting({ hosting }: ConnectOptions): NonNullable<ConnectOptions['hosting']> {
  if (hosting !== undefined) return hosting
  throw new GatewayError('unsupported', 'Hosted servers are switched off here.', {
    fix: 'Start the control plane without --hosting off.',
  })
}

function startProcess(
  options: ConnectOptions,
  target: HostedTarget,
  program: HostedProgram,
  credential: OpenCredential | undefined,
): StdioChannel {
  const { server, events } = options
  const hosting = requireHosting(options)
  const { packageFolder, isContainer } = program
  const values = { ...program.env, ...fillAll({ ...target.env }, credential) }
  const args = Object.values(
    fillAll(Object.fromEntries(program.args.map((arg, index) => [String(index), arg])), credential),
  )
  const unsolicited: UnsolicitedSink = unsolicitedFor(events, (body) => channel.send(body))
  const scrubber: Scrubber = credential?.scrubber ?? NO_SCRUBBER
  const channel: StdioChannel = new StdioChannel({
    spec: {
      command: program.command,
      args: [...program.before, ...args],
      env: values,
      workingFolder: hosting.workingFolder(server),
      label: server.name,
      ...openedFor(target, program.args),
      ...(target.network !== undefined && { network: target.network }),
      ...(packageFolder !== undefined && { packageFolder }),
      ...(isContainer !== undefined && { isContainer }),
    },
    hosting: { ...hosting, maxLineBytes: options.replies.maxBytes },
    scrubber,
    unsolicited,
    replies: options.replies.json,
    noise: options.noise,
  })
  options.started(channel)
  return channel
}

/** What a credential's value brings in opens nothing. */
function openedFor({ env, opens }: HostedTarget, args: readonly string[]) {
  const fixed = (texts: readonly string[]) => texts.filter((text) => placeholdersIn(text).length === 0)
  if (opens !== undefined) return { pointedAt: fixed(opens) }
  return { named: fixed(args), pointedAt: fixed(Object.values(env)) }
}

async function closeOnFailure(channel: { close(): Promise<void> }, opening: Promise<Peer>): Promise<Peer> {
  try {
    return await opening
  } catch (error) {
    await channel.close()
    throw error
  }
}
