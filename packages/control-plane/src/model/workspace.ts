export interface Workspace {
  id: string
  /** Part of the URL: 1 to 40 of `[a-z0-9-]`, neither first nor last a hyphen. */
  slug: string
  name: string
  createdAt: number
}

export const SLUG_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/
