import { GatewayError } from '../model/error.ts'
import { type LimitName, type Limits, raiseLimit } from '../model/limits.ts'
import { Tally } from '../model/tally.ts'
import { CallRate } from './call-rate.ts'

/** Calls that run now, and how many a token has made lately: numbers only, because every call passes here. */
export class CallLimits {
  readonly #limits: Limits
  readonly #byToken = new Tally()
  readonly #byServer = new Tally()
  readonly #parkedByToken = new Tally()
  readonly #rate: CallRate | undefined
  #running = 0

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits
    const perMinute = limits['calls-per-minute']
    this.#rate = perMinute === 0 ? undefined : new CallRate(perMinute, now)
  }

  get running(): number {
    return this.#running
  }

  /** Gives a refusal, or nothing: then `ended` is to be called once. */
  begin(tokenId: string, method: string): GatewayError | undefined {
    if (this.#running >= this.#limits.calls) return overloaded(this.#limits.calls)
    if (this.#byToken.of(tokenId) >= this.#limits['calls-per-token'])
      return tooMany(
        `This token has ${this.#limits['calls-per-token']} calls running already.`,
        'calls-per-token',
      )
    const waitSeconds = method === 'tools/call' ? this.#rate?.count(tokenId) : undefined
    if (waitSeconds !== undefined) return tooFast(this.#limits['calls-per-minute'], waitSeconds)
    this.#running++
    this.#byToken.add(tokenId)
    return undefined
  }

  ended(tokenId: string): void {
    this.#running--
    this.#byToken.remove(tokenId)
  }

  /** Gives a refusal, or nothing: then `endedAtServer` is to be called once. */
  beginAtServer(server: { id: string; name: string }): GatewayError | undefined {
    if (this.#byServer.of(server.id) >= this.#limits['calls-per-server']) {
      const message = `"${server.name}" has ${this.#limits['calls-per-server']} calls running already.`
      return tooMany(message, 'calls-per-server')
    }
    this.#byServer.add(server.id)
    return undefined
  }

  endedAtServer(server: { id: string }): void {
    this.#byServer.remove(server.id)
  }

  /** A question of a server that waits for an answer of a modern client. Throws `too_many`. */
  park(tokenId: string): void {
    if (this.#parkedByToken.of(tokenId) >= this.#limits['parked-per-token']) {
      const message = `This token has ${this.#limits['parked-per-token']} questions open already.`
      throw tooMany(message, 'parked-per-token')
    }
    this.#parkedByToken.add(tokenId)
  }

  unpark(tokenId: string): void {
    this.#parkedByToken.remove(tokenId)
  }
}

function tooMany(message: string, name: LimitName): GatewayError {
  return new GatewayError('too_many', message, {
    fix: `Try again when some have ended. ${raiseLimit(name)}`,
    retryAfterSeconds: 1,
  })
}

function tooFast(perMinute: number, waitSeconds: number): GatewayError {
  return new GatewayError('too_many', `This token has made ${perMinute} calls within a minute.`, {
    fix: `Try again in ${waitSeconds} seconds. ${raiseLimit('calls-per-minute')}`,
    retryAfterSeconds: waitSeconds,
  })
}

function overloaded(calls: number): GatewayError {
  return new GatewayError('overloaded', `The gateway has ${calls} calls running already.`, {
    fix: `Try again in a moment. ${raiseLimit('calls')}`,
    retryAfterSeconds: 1,
  })
}
