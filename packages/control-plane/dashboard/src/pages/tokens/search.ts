import { object, enum as oneOf, optional, type output, string } from 'zod/mini'

export const TOKEN_TABS = ['tokens', 'sessions', 'invites'] as const
export type TokenTab = (typeof TOKEN_TABS)[number]

/** What of the page is shown, as it stands in the address. */
export const tokensSearch = object({
  tab: optional(oneOf(TOKEN_TABS)),
  /** Those of one member alone. */
  member: optional(string()),
})
export type TokensSearch = Partial<output<typeof tokensSearch>>
