import { resolve } from 'node:path'

/**
 * For programs that tests start by the hundred: what Node compiled once it need not compile again, which halves a
 * start. Only a process that ends by itself writes to it.
 */
export const COMPILE_CACHE = {
  NODE_COMPILE_CACHE: resolve(import.meta.dirname, '../node_modules/.cache/compile'),
}
