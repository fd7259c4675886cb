export const ROLES = ['owner', 'admin', 'developer', 'readonly'] as const

/** owner: the installation. admin, developer, readonly: one workspace. */
export type Role = (typeof ROLES)[number]
