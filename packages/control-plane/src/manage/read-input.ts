import type { z } from 'zod'
import { GatewayError } from '../model/error.ts'

type Issue = z.core.$ZodIssue

/** Reads outside data by a schema; refuses with every mistake named by its field, never repeating a value. */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  // `reportInput` tells a missing field from a wrong one; the values stay in here.
  const read = schema.safeParse(input, { reportInput: true })
  if (read.success) return read.data
  const mistakes = read.error.issues.flatMap(meantIssues).slice(0, 5).map(describeIssue)
  throw new GatewayError('invalid_request', mistakes.join(' '))
}

/** Of several shapes, the caller meant the one with the fewest mistakes. */
function meantIssues(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const shapes = issue.errors.toSorted((a, b) => countMistakes(a) - countMistakes(b))
  return shapes[0] ?? [issue]
}

function countMistakes(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
}

function describeIssue(issue: Issue): string {
  const field = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') return unknownFields(field, issue.keys)
  if (field === '') return `The request ${withoutField(issue)}.`
  return `"${field}" ${withoutField(issue)}.`
}

function unknownFields(parent: string, keys: readonly string[]): string {
  const names = keys.map((key) => `"${parent === '' ? key : `${parent}.${key}`}"`)
  return `Unknown field ${names.join(', ')}.`
}

function withoutField(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined ? 'is required' : `must be ${KINDS[issue.expected] ?? issue.expected}`
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map((value) => `"${String(value)}"`).join(', ')}`
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? 'has a name that is not accepted'
  return issue.message
}

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a JSON object',
  record: 'a JSON object',
  array: 'a list',
}
