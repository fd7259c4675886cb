import { z } from 'zod'
import type { TokenRules } from '../model/rules.ts'
import { parseStoredJson } from './stored-json.ts'

const PATTERNS = z.strictObject({
  allow: z.array(z.string()).exactOptional(),
  deny: z.array(z.string()).exactOptional(),
})

const RULES: z.ZodType<TokenRules> = z.strictObject({
  servers: PATTERNS.exactOptional(),
  tools: PATTERNS.exactOptional(),
  readOnlyTools: z.boolean().exactOptional(),
})

export function parseStoredRules(text: string, column: string): TokenRules {
  return parseStoredJson(RULES, text, column)
}
