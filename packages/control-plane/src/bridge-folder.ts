import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** Where the bridge is that this control plane hands out: the npm package `mcpgw`, installed beside it. */
export const BRIDGE_FOLDER = dirname(createRequire(import.meta.url).resolve('mcpgw/package.json'))
