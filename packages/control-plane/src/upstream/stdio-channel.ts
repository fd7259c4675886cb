import type { Scrubber } from '../model/credential.ts'
import { GatewayError } from '../model/error.ts'
import type { JsonLimits } from '../protocol/json.ts'
import type { Channel, OutgoingRequest, RequestSink, UnsolicitedSink } from './channel.ts'
import {
  type HostedExit,
  type HostedOptions,
  type HostedProcess,
  openHostedProcess,
} from './hosted/hosted-process.ts'
import type { HostedSpec } from './hosted/launch.ts'
import { StreamCorrelation } from './stream-correlation.ts'

export interface StdioChannelOptions {
  spec: HostedSpec
  hosting: HostedOptions
  scrubber: Scrubber
  unsolicited: UnsolicitedSink
  replies: JsonLimits
  /** A line on stdout that is no message. */
  noise(): void
}

/** One hosted process: messages as lines on its standard streams. */
export class StdioChannel implements Channel {
  readonly #correlation: StreamCorrelation
  readonly #process: HostedProcess
  readonly #options: StdioChannelOptions
  #closing = false

  /** Starts the process; throws GatewayError when that cannot be done. */
  constructor(options: StdioChannelOptions) {
    this.#options = options
    this.#correlation = new StreamCorrelation(options.unsolicited, options.replies)
    this.#process = openHostedProcess(
      options.spec,
      {
        onLine: (line) => this.#receive(line),
        onNoise: () => options.noise(),
        onExit: (exit) => this.#exited(exit),
      },
      options.hosting,
    )
  }

  #receive(line: string): void {
    try {
      this.#correlation.receive(this.#options.scrubber.bytes(Buffer.from(line)))
    } catch {
      this.#options.noise()
    }
  }

  #exited(exit: HostedExit): void {
    const error = this.#describeExit(exit)
    this.#correlation.broken(error)
    if (!this.#closing) this.#options.unsolicited.closed(error)
  }

  #describeExit({ code, signal, reason, stderrTail }: HostedExit): GatewayError {
    const how = reason ?? (signal === undefined ? `exit code ${code}` : `signal ${signal}`)
    const said = lastLines(this.#options.scrubber.text(stderrTail))
    const message = `The process of "${this.#options.spec.label}" ended (${how}).`
    return new GatewayError(
      'upstream_unavailable',
      said === '' ? message : `${message} It said: "${said}".`,
      {
        fix: 'Try again: it is started anew. If it keeps ending, check its command, arguments and credential.',
      },
    )
  }

  request(outgoing: OutgoingRequest, sink: RequestSink): () => void {
    this.#correlation.opened(outgoing, sink)
    if (!this.#process.send(outgoing.body)) {
      this.#correlation.givenUp(outgoing.id)
      const message = `The process of "${this.#options.spec.label}" does not take any more requests.`
      const error = new GatewayError('upstream_unavailable', message, { fix: 'Try again.' })
      queueMicrotask(() => sink.failure({ kind: 'never-sent', error }))
    }
    return () => void this.#correlation.givenUp(outgoing.id)
  }

  send(body: string): void {
    this.#process.send(body)
  }

  established(): void {}

  async close(): Promise<void> {
    this.#closing = true
    await this.#process.stop()
  }
}

/** The end of what a process said, short enough for one message to a person. */
function lastLines(text: string): string {
  // Control characters could repaint the terminal or the log of whoever reads this.
  const clean = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim()
  return clean.length <= 300 ? clean : `…${clean.slice(-300)}`
}
