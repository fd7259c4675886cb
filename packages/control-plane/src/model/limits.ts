interface Limit {
  default: number
  /** 0 where that switches the limit off. */
  least: number
  /** What it keeps from happening, for the documentation and for who meets it. */
  protects: string
}

const KIB = 1024
const MIB = 1024 * KIB

/**
 * Every limit of the data plane. Where a busy agent host would meet one, it is deliberately high: it is there for
 * programs that have gone wrong, and people should never see it.
 */
export const LIMITS = {
  // As the official SDKs have it.
  'body-bytes': { default: 4 * MIB, least: KIB, protects: 'memory, from large requests' },
  // Arguments written by hand or by a model have under 20 levels.
  'json-depth': { default: 64, least: 8, protects: 'the parser, from nested requests' },
  // 100,000 values of the worst kind take under 0.1 s to read; nobody else is served meanwhile.
  'json-values': {
    default: 100_000,
    least: 100,
    protects: 'everybody else, from requests that take long to parse',
  },
  // Schemas in lists are nested deeper than arguments.
  'reply-json-depth': { default: 200, least: 8, protects: 'the parser, from nested replies' },
  // The longest list known has 1 MB and under 100,000; more than this of the worst kind takes over 0.1 s to read.
  // Replies that need no translation are not parsed at all.
  'reply-json-values': {
    default: 120_000,
    least: 1_000,
    protects: 'everybody else, from replies that take long to parse',
  },
  // Node's own.
  'header-bytes': { default: 16 * KIB, least: 4 * KIB, protects: 'memory, from endless headers' },
  'headers-ms': {
    default: 10_000,
    least: 100,
    protects: 'connections, from clients that never finish a header',
  },
  // 4 MiB in half a minute is 1 Mbit/s.
  'body-ms': { default: 30_000, least: 100, protects: 'connections, from clients that never finish a body' },
  // Screenshots and files of tools have a few MB.
  'reply-bytes': { default: 16 * MIB, least: KIB, protects: 'memory, from large replies of servers' },
  // Fifty screenshots of 5 MB on their way at once.
  'unread-bytes': {
    default: 256 * MIB,
    least: MIB,
    protects: 'memory, from all large replies that are coming in or not yet read, together',
  },
  'reader-buffer-bytes': {
    default: MIB,
    least: 16 * KIB,
    protects: 'memory, from clients that stop reading',
  },
  'reader-ms': {
    default: 10_000,
    least: 100,
    protects: 'the same: how long a client may stand still with more than that before it is cut',
  },
  // A file descriptor and some 20 kB each; fewer where the system gives the process fewer files.
  connections: { default: 10_000, least: 8, protects: 'file descriptors and memory, from too many clients' },
  // One token may be a whole host of agents, each with a stream of its own.
  'streams-per-token': {
    default: 100,
    least: 1,
    protects: 'everybody else, from one token that leaks streams',
  },
  streams: { default: 4_096, least: 1, protects: 'memory, from the streams of all tokens together' },
  'calls-per-token': {
    default: 1_024,
    least: 1,
    protects: 'everybody else, from one token that never waits',
  },
  // As many as models are given tools.
  'calls-per-request': {
    default: 128,
    least: 1,
    protects: 'everybody else, from one OpenAI-format request with calls without end',
  },
  'calls-per-server': { default: 1_024, least: 1, protects: 'each server from all its callers together' },
  calls: { default: 4_096, least: 1, protects: 'memory and time, from all calls together' },
  'calls-per-minute': { default: 0, least: 0, protects: 'servers and their bills, from one token in a loop' },
  // Each is a question to a person.
  'parked-per-token': { default: 100, least: 1, protects: 'servers, from questions that nobody answers' },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof LIMITS

/** What holds in this process. */
export type Limits = Readonly<Record<LimitName, number>>

// The cast: Object.keys knows no names.
export const LIMIT_NAMES = Object.keys(LIMITS) as LimitName[]

export const DEFAULT_LIMITS: Limits = withDefaults({})

/** The limits given, and for all others what they are by default. */
export function withDefaults(given: Partial<Limits>): Limits {
  const all = LIMIT_NAMES.map((name) => [name, given[name] ?? LIMITS[name].default])
  // The cast: one entry was made for each name.
  return Object.fromEntries(all) as Limits
}

/** What operators can do about a limit. */
export function raiseLimit(name: LimitName): string {
  return `Operators can change it: start the control plane with --limit ${name}=NUMBER.`
}
