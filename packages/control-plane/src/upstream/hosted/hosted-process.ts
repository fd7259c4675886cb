import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { GatewayError } from '../../model/error.ts'
import { DEFAULT_LIMITS } from '../../model/limits.ts'
import { happensWithin } from './happens-within.ts'
import { type HostedSpec, type Launch, type LaunchOptions, prepareLaunch } from './launch.ts'
import { createLineReader } from './line-reader.ts'
import { createOutputTail } from './output-tail.ts'
import { endGroup, GRACE_MS, signalGroup } from './process-group.ts'
import type { Reaper } from './reaper.ts'
import { watchMemory } from './usage-watch.ts'

export const MAX_QUEUED_BYTES = 8 * 1024 * 1024
export const STDERR_TAIL_BYTES = 64 * 1024
const MAX_NOISE_CHARACTERS = 1_000
/** How long after the end of a process its pipes may still deliver: a grandchild can hold them open for ever. */
const DRAIN_MS = 300

export interface HostedExit {
  code?: number
  signal?: string
  /** Why the gateway itself ended it, where that was not `stop`. */
  reason?: string
  stderrTail: string
}

export interface HostedEvents {
  /** A line that can be a message: it begins with `{` or `[`. Must not throw. */
  onLine(line: string): void
  /** Exactly once, after the last line, however the process ended. */
  onExit(exit: HostedExit): void
  /** Any other line on stdout, cut to 1,000 characters. It may hold secrets and may come in floods. */
  onNoise(line: string): void
}

export interface HostedOptions extends LaunchOptions {
  /** The longest line on stdout. Default: 16 MiB. */
  maxLineBytes?: number
  reaper?: Reaper
  /** Of all its processes together; it is ended when it uses more. */
  maxMemoryBytes?: number
}

export interface HostedProcess {
  readonly pid: number
  readonly exited: boolean
  /** How many lines on stdout were no messages. */
  readonly noiseCount: number
  /**
   * Queues one message. False means that nothing was queued: the process is ending, or it reads so slowly that
   * 8 MiB wait already. Never throws.
   */
  send(line: string): boolean
  /** The last 64 KiB of stderr. It may hold secrets: scrub it before anyone reads it. */
  stderrTail(): string
  /**
   * Ends its input, then SIGTERM, then SIGKILL to the whole group, 2 s apart. Resolves when no process of the group
   * is left and `onExit` was called. May be called again, and after the process ended by itself.
   */
  stop(): Promise<void>
}

/**
 * Starts a hosted server in a process group of its own, with pipes for the three standard streams and nothing else
 * of ours. Throws GatewayError when it cannot be started; no error holds an argument or an environment value.
 */
export function openHostedProcess(
  spec: HostedSpec,
  events: HostedEvents,
  options: HostedOptions,
): HostedProcess {
  const launch = prepareLaunch(spec, options)
  const { child, pid } = startChild(launch, spec.label)
  options.reaper?.add(pid)
  const { maxLineBytes = DEFAULT_LIMITS['reply-bytes'] } = options
  const isWrapped = launch.thirdStream !== undefined
  return new RunningProcess({ child, pid, events, options, maxLineBytes, isWrapped })
}

interface Running {
  child: ChildProcessWithoutNullStreams
  pid: number
  events: HostedEvents
  options: HostedOptions
  maxLineBytes: number
  /** In a sandbox, whose own program then tells of the end. */
  isWrapped: boolean
}

class RunningProcess implements HostedProcess {
  readonly pid: number
  readonly #child: ChildProcessWithoutNullStreams
  readonly #events: HostedEvents
  readonly #reaper: Reaper | undefined
  readonly #stderr = createOutputTail(STDERR_TAIL_BYTES)
  readonly #leaderExit = Promise.withResolvers<void>()
  readonly #endWatch: () => void
  readonly #isWrapped: boolean
  readonly #streamsClosed = Promise.withResolvers<void>()
  readonly #reported = Promise.withResolvers<void>()
  #exited = false
  #noiseCount = 0
  #reason: string | undefined
  #stopped: Promise<void> | undefined
  #groupEnded: Promise<void> | undefined

  constructor({ child, pid, events, options, maxLineBytes, isWrapped }: Running) {
    this.pid = pid
    this.#child = child
    this.#events = events
    this.#reaper = options.reaper
    this.#isWrapped = isWrapped
    this.#endWatch = this.#watch(options.maxMemoryBytes)
    this.#readOutput(maxLineBytes)
    child.stderr.on('data', (chunk: Buffer) => this.#stderr.push(chunk))
    child.once('exit', (code, signal) => this.#leaderExited(code, signal))
    child.once('close', () => this.#streamsClosed.resolve())
  }

  get exited() {
    return this.#exited
  }

  get noiseCount() {
    return this.#noiseCount
  }

  send(line: string) {
    const { stdin } = this.#child
    if (!stdin.writable) return false
    const message = `${onOneLine(line)}\n`
    const queuedBytes = stdin.writableLength
    // A message that is large by itself may pass when nothing waits: its size was judged where it came in.
    if (queuedBytes > 0 && queuedBytes + Buffer.byteLength(message) > MAX_QUEUED_BYTES) return false
    stdin.write(message)
    return true
  }

  stderrTail() {
    return this.#stderr.text()
  }

  stop() {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop() {
    this.#child.stdin.end()
    await happensWithin(this.#leaderExit.promise, GRACE_MS)
    await this.#endGroup()
    // A process in an uninterruptible system call outlives SIGKILL for now; nobody should wait for it for ever.
    await happensWithin(this.#reported.promise, GRACE_MS)
  }

  #readOutput(maxBytes: number) {
    const { stdout } = this.#child
    const reader = createLineReader({
      maxBytes,
      onLine: (line) => this.#sort(line),
      onTooLong: () => this.#kill(`It sent a line longer than ${inMiB(maxBytes)}.`),
    })
    stdout.on('data', (chunk: Buffer) => reader.push(chunk))
    stdout.once('end', () => {
      reader.end()
      // Whoever closed its output can never answer again.
      void this.stop()
    })
  }

  #sort(line: string) {
    const text = line.trimStart()
    if (text === '') return
    if (text.startsWith('{') || text.startsWith('[')) return this.#events.onLine(line)
    this.#noiseCount += 1
    this.#events.onNoise(line.slice(0, MAX_NOISE_CHARACTERS))
  }

  #kill(reason: string) {
    this.#reason = reason
    if (!this.#exited) signalGroup(this.pid, 'SIGKILL')
  }

  #watch(maxBytes = Number.POSITIVE_INFINITY) {
    return watchMemory(this.pid, maxBytes, () =>
      this.#kill(`It used more memory than the limit of ${inMiB(maxBytes)}.`),
    )
  }

  #leaderExited(code: number | null, signal: NodeJS.Signals | null) {
    this.#exited = true
    this.#endWatch()
    this.#leaderExit.resolve()
    void this.#endGroup()
    void this.#report(code, signal)
  }

  /** Single flight, because a group's number must not be signalled again once the group is gone. */
  #endGroup() {
    this.#groupEnded ??= endGroup(this.pid).then(() => this.#reaper?.remove(this.pid))
    return this.#groupEnded
  }

  async #report(code: number | null, signal: NodeJS.Signals | null) {
    await happensWithin(this.#streamsClosed.promise, DRAIN_MS)
    // When the gateway was busy, the timer fires before the pipes were looked at: read what has arrived.
    await nextTurn()
    for (const stream of this.#child.stdio) stream?.destroy()
    const wrapped = this.#isWrapped ? signalBehind(code) : undefined
    this.#events.onExit({
      ...(wrapped !== undefined ? { signal: wrapped } : code !== null && { code }),
      ...(signal !== null && { signal }),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      stderrTail: this.stderrTail(),
    })
    this.#reported.resolve()
  }
}

function inMiB(bytes: number): string {
  return `${Number((bytes / 1024 / 1024).toPrecision(3))} MiB`
}

/** The end by a signal, as shells and bubblewrap tell it. */
function signalBehind(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0]
}

/** Line ends inside a message can only be white space between its parts; here they would end the message. */
function onOneLine(message: string): string {
  return /[\r\n]/.test(message) ? message.replaceAll(/[\r\n]+/g, ' ') : message
}

function startChild(launch: Launch, label: string) {
  const child = spawnChild(launch, label)
  // Broken pipes and failed signals are no news: `exit` tells of the end.
  child.on('error', () => {})
  if (child.pid === undefined) throw cannotStart(label)
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  return { child, pid: child.pid }
}

function spawnChild(launch: Launch, label: string): ChildProcessWithoutNullStreams {
  const { command, args, env, folder, thirdStream } = launch
  try {
    const child = spawn(command, args, {
      cwd: folder,
      env,
      detached: true,
      shell: false,
      stdio: thirdStream === undefined ? 'pipe' : ['pipe', 'pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const third = child.stdio[3]
    third?.on('error', () => {})
    if (third instanceof Socket && thirdStream !== undefined) third.end(thirdStream)
    // All three are pipes: it was asked for.
    return child as ChildProcessWithoutNullStreams
  } catch {
    // Not kept as the cause: Node's error carries the whole argument vector.
    throw cannotStart(label)
  }
}

function cannotStart(label: string): GatewayError {
  return new GatewayError('upstream_unavailable', `"${label}" could not be started.`, {
    fix: "Check that the interpreter its command names exists, that its arguments are not too long, and that the gateway's machine has processes, files and memory to spare.",
  })
}
