/**
 * What a token may reach beyond its role. Patterns match whole names; `*` stands for any run of characters.
 * A tool pattern is `server/tool`. Absent allow lists allow everything; an empty one allows nothing.
 * Deny wins over allow.
 */
export interface TokenRules {
  servers?: { allow?: string[]; deny?: string[] }
  tools?: { allow?: string[]; deny?: string[] }
  /** Only tools whose `annotations.readOnlyHint` is true. */
  readOnlyTools?: boolean
}
