import { anthropic } from './anthropic.ts'
import { chat } from './chat.ts'
import type { Format } from './format.ts'
import { gemini } from './gemini.ts'
import { responses } from './responses.ts'

/** Every format of this door. Each knows its own bodies: no two have the calls in a member of the same name. */
export const FORMATS: readonly Format[] = [chat, responses, anthropic, gemini]
