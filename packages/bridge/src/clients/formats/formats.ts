import type { Format } from './format.ts'
import { json } from './json.ts'
import { toml } from './toml.ts'
import { yaml } from './yaml.ts'

export const formats = { json, toml, yaml } as const satisfies Record<string, Format>

export type FormatName = keyof typeof formats
