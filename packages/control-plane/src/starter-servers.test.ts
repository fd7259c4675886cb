import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { STARTER_VERSIONS } from './starter-servers.ts'

it('an installed control plane has the starter servers of a checkout', () => {
  const workspace = parse(readFileSync(resolve(import.meta.dirname, '../../../pnpm-workspace.yaml'), 'utf8'))
  for (const [name, version] of Object.entries(STARTER_VERSIONS))
    expect(workspace.catalog[name], name).toBe(version)
})
