import type { CallContent, KeptText } from '../model/audit-row.ts'
import type { Scrubber } from '../model/credential.ts'
import { type Redaction, redact, secretsNamedIn } from './redact.ts'

/** Of arguments and of a result each. */
const MAX_KEPT_BYTES = 64 * 1024
/** Each costs a search for all its forms; who puts more secrets into one call loses them by name all the same. */
const MAX_SECRETS = 20

/** Makes a scrubber for values by name. */
export type CreateScrubber = (values: ReadonlyMap<string, string>) => Scrubber

/** What came of a call, as JSON. */
export interface ResultText {
  json: string
  /** Whether its end is missing already. */
  cut: boolean
}

/**
 * What the log may keep of a call. `scrubbers`: those of every credential that could turn up in it. A secret among the
 * arguments is taken out of the result too.
 */
export function keptContent(
  call: { arguments: unknown; result: ResultText },
  scrubbers: readonly Scrubber[],
  createScrubber: CreateScrubber,
): CallContent {
  const given = redact(JSON.stringify(call.arguments) ?? 'null', scrubbers)
  const own = new Map<string, string>()
  for (const secret of secretsNamedIn(call.arguments)) {
    if (own.size === MAX_SECRETS) break
    own.set(`argument ${own.size + 1}`, secret)
  }
  const { json, cut } = call.result
  const result = redact(json, own.size === 0 ? scrubbers : [...scrubbers, createScrubber(own)], cut)
  return { arguments: kept(given), result: kept(result) }
}

/** When a credential cannot be opened, nobody can tell whether it stands in the call. */
export function withheldContent(): CallContent {
  const withheld = { text: '"[withheld: a credential of this workspace cannot be opened]"', cut: false }
  return { arguments: withheld, result: withheld }
}

function kept({ text, cut }: Redaction): KeptText {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_KEPT_BYTES) return { text, cut }
  // A character that the cut goes through would be half of one.
  const whole = bytes
    .subarray(0, MAX_KEPT_BYTES)
    .toString()
    .replace(/\ufffd+$/, '')
  return { text: whole, cut: true }
}
