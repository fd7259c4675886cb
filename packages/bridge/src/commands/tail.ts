import { type Command, Option } from 'commander'
import { BridgeError } from '../bridge-error.ts'
import { findStart, followLog, type LogRow } from '../calls/follow-log.ts'
import { createAccess } from '../credentials/access.ts'
import type { Tone } from '../terminal/console.ts'
import { cut, pad } from '../terminal/table.ts'
import type { CommandContext } from './context.ts'

interface TailOptions {
  server?: string
  tool?: string
  member?: string
  outcome?: string
  since?: string
  limit?: string
  workspace?: string
}

const outcomes = ['ok', 'tool_error', 'protocol_error', 'denied', 'timeout', 'cancelled', 'unreachable']

export function addTail(program: Command, context: CommandContext): void {
  program
    .command('tail')
    .description('follow the log of the workspace, row by row')
    .option('--server <name>', 'only calls of this server')
    .option('--tool <name>', 'only calls of this tool')
    .option('--member <name>', 'only what this member did')
    .addOption(new Option('--outcome <outcome>', 'only what ended like this').choices(outcomes))
    .option('--since <time>', 'begin earlier: 30s, 5m, 2h or 1d ago, or a time such as 2027-01-31T12:00Z')
    .option('--limit <number>', 'end after this many rows')
    .option('--workspace <url>', 'workspace to use instead of the default one')
    .option('--json', 'print every row as a line of JSON')
    .action((options: TailOptions) => tail(options, context))
}

async function tail(options: TailOptions, { settings, streams, console }: CommandContext): Promise<void> {
  const since = options.since === undefined ? undefined : readTime(options.since, Date.now())
  const limit = options.limit === undefined ? Number.POSITIVE_INFINITY : readLimit(options.limit)
  const access = createAccess(settings, options.workspace)
  const interrupted = new AbortController()
  streams.once('SIGINT', () => interrupted.abort())
  const enough = new AbortController()
  const signal = AbortSignal.any([interrupted.signal, enough.signal, console.readerLeft])
  let shown = 0
  try {
    const after = await Promise.race([findStart(access, since), aborted(signal)])
    if (!signal.aborted && console.columns !== undefined && !console.asJson)
      console.say('Following the log. Ctrl-C ends it.')
    await followLog({
      access,
      after,
      signal,
      onRow(row) {
        if (signal.aborted || !isWanted(row, options, since)) return
        console.item(row, inWords(row, console.columns), toneOf(row))
        shown += 1
        if (shown >= limit) enough.abort()
      },
      onLost: () => console.warn('The connection was lost. Trying again.'),
    })
  } finally {
    await access.close()
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

function isWanted(row: LogRow, wish: TailOptions, since: number | undefined): boolean {
  const { server, tool, member, outcome } = wish
  return (
    (server === undefined || row.server === server) &&
    (tool === undefined || row.tool === tool || row.shownAs === tool) &&
    (member === undefined || row.member === member) &&
    (outcome === undefined || row.outcome === outcome) &&
    (since === undefined || Date.parse(row.time) >= since)
  )
}

function toneOf({ outcome }: LogRow): Tone {
  if (outcome === 'ok') return 'plain'
  return outcome === 'denied' || outcome === 'cancelled' ? 'warning' : 'error'
}

interface Widths {
  readonly member: number
  readonly client: number
  readonly tool: number
}

/** Fixed, because the rows to come are not known. On a terminal how a call ended is never pushed out of sight. */
function widthsFor(columns: number | undefined): Widths {
  if (columns === undefined) return { member: 14, client: 18, tool: 34 }
  const timeOutcomeAndDuration = 36
  const room = Math.max(24, columns - timeOutcomeAndDuration)
  const [member, client] = [Math.floor(room * 0.2), Math.floor(room * 0.25)]
  return { member, client, tool: room - member - client }
}

function inWords(row: LogRow, columns: number | undefined): string {
  const widths = widthsFor(columns)
  const cell = (text: string, width: number) =>
    pad(cut(onOneLine(text), columns === undefined ? undefined : width), width)
  const cells = [
    localTime(row.time),
    cell(row.member, widths.member),
    cell(row.client ?? '-', widths.client),
    cell(row.kind === 'call' ? calledName(row) : row.method, widths.tool),
    pad(row.outcome, 14),
    `${Math.round(row.latencyMs)} ms`.padStart(9),
  ]
  const reason = row.reason === undefined ? '' : ` ${onOneLine(row.reason)}`
  return cut(cells.join(' ') + reason, columns)
}

function calledName({ server, tool, method, shownAs }: LogRow): string {
  const name = tool ?? shownAs
  if (server === null) return name ?? method
  return name === null ? `${server} ${method}` : `${server}.${name}`
}

function onOneLine(text: string): string {
  return text.replace(/[\r\n\t]/g, ' ')
}

function localTime(instant: string): string {
  return new Date(instant).toLocaleTimeString('en-GB', { hour12: false })
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readTime(text: string, now: number): number {
  const [, amount, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  const time = amount === undefined ? Date.parse(text) : now - Number(amount) * (unitsMs[unit] ?? 0)
  if (Number.isFinite(time) && time >= 0) return time
  throw new BridgeError('usage', `"${text}" is no time.`, {
    fix: 'Write 30s, 5m, 2h, 1d, or a time such as 2027-01-31T12:00Z.',
  })
}

function readLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new BridgeError('usage', `"${text}" is no number of rows.`, { fix: 'Write --limit 20.' })
}
