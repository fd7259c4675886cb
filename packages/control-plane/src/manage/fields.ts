import { z } from 'zod'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
const PRINTABLE = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/

/** A line of text for people to read. */
export function line(maxLength: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(maxLength, `must be at most ${maxLength} characters`)
    .regex(PRINTABLE, 'must be one line without control characters')
}

/** Points in time are ISO 8601 in UTC on the wire. */
export const instant = z.iso.datetime()

export function toInstant(unixMs: number): string {
  return new Date(unixMs).toISOString()
}

/** For answers in which a field is always present. */
export function toInstantOrNull(unixMs: number | undefined): string | null {
  return unixMs === undefined ? null : toInstant(unixMs)
}

/** A point in time as a query gives it: ISO 8601 with an offset, a date, or Unix milliseconds. */
export const instantInQuery = z.string().transform((text, context) => {
  const unixMs = /^\d{1,15}$/.test(text) ? Number(text) : parseIso(text)
  if (Number.isSafeInteger(unixMs)) return unixMs
  context.addIssue({
    code: 'custom',
    message: 'must be a time such as 2026-01-31T12:00:00Z, or Unix milliseconds',
  })
  return z.NEVER
})

function parseIso(text: string): number {
  return /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
}

/** A name pattern: `*` stands for any run of characters. */
export const pattern = line(200)

export const allowAndDeny = z.strictObject({
  allow: z.array(pattern).max(200, 'must hold at most 200 patterns').exactOptional(),
  deny: z.array(pattern).max(200, 'must hold at most 200 patterns').exactOptional(),
})

export const nothing = z.strictObject({})
export const noAnswer = z.undefined()
