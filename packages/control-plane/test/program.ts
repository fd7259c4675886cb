import { resolve } from 'node:path'

/** The program as it is installed: built, when its sources changed, before any test runs. */
export const PROGRAM = resolve(import.meta.dirname, '../dist/mcpgw-server.js')
