import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { aboutEntry, catalogFile } from '../../src/catalog/catalog-entry.ts'
import { checkCatalog } from '../../src/catalog/check-catalog.ts'
import { deploymentsOf } from '../../src/catalog/deployment.ts'
import { createCatalogLoader } from '../../src/catalog/load-catalog.ts'
import type { Need } from '../../src/catalog/need.ts'
import { planServer, type ServerPlan } from '../../src/catalog/plan.ts'
import { CATALOG_FOLDER } from '../../src/catalog-folder.ts'
import { serverInput } from '../../src/manage/server-input.ts'
import { hostedTarget, remoteTarget } from '../../src/manage/upstream-target.ts'
import { namesNeeded } from '../../src/model/placeholder.ts'
import { looksLikeSecret } from '../../src/model/secret-look.ts'

const catalog = await createCatalogLoader(CATALOG_FOLDER)()
const { report } = await checkCatalog(CATALOG_FOLDER, new Date())
const WAYS = catalog.entries.flatMap((entry) =>
  deploymentsOf(entry).map((deployment) => ({ id: aboutEntry(entry).id, deployment })),
)

/** A value that a person might give. */
function sample({ name, format, choices, goesInto }: Need): string {
  if (choices !== undefined) return choices[0] ?? ''
  if (goesInto.kind === 'address' && /URL|ENDPOINT/.test(name)) return 'https://acme.example.com'
  return { string: 'acme', number: '42', boolean: 'true', filepath: '/srv/acme' }[format]
}

function planOf(deployment: (typeof WAYS)[number]['deployment']) {
  return planServer(deployment, Object.fromEntries(deployment.needs.map((need) => [need.name, sample(need)])))
}

/** What a person may have the gateway reach or start, a plan may too: the same rules of what goes out hold. */
function acceptAsTyped(target: ServerPlan['target']): void {
  if (target.kind === 'remote') {
    const { url, transport, headers } = target
    const input = serverInput.parse({ name: 'it', url, transport, headers })
    if ('url' in input && 'transport' in input) expect(remoteTarget(input).url).toBe(new URL(url).href)
  } else {
    const { command, args, env } = target
    const input = serverInput.parse({ name: 'it', command, args, env })
    if ('command' in input) expect(hostedTarget(input)).toMatchObject({ command, args, env })
  }
}

describe('the catalog', () => {
  it('has no mistake that can be seen without asking anybody', () => {
    expect(report.problems).toEqual([])
  })

  it('has hundreds of servers, most of them by the makers of the product, of every kind', () => {
    expect(report.entries).toBeGreaterThanOrEqual(420)
    expect(report.official / report.entries).toBeGreaterThan(0.75)
    // The category of what others describe without one.
    const { other, ...categories } = report.categories
    expect(other).toBe(0)
    for (const count of Object.values({ ...report.transports, ...report.auth, ...categories }))
      expect(count).toBeGreaterThan(0)
  })

  it.each(['github', 'slack', 'notion', 'postgres', 'linear', 'atlassian', 'stripe', 'figma'])(
    'has %s',
    (id) => {
      expect(catalog.byId(id)?.title).toBeDefined()
    },
  )

  it('prefers the remote server of the vendor to every package', () => {
    for (const entry of catalog.entries) {
      const kinds = deploymentsOf(entry).map(({ kind }) => kind)
      expect([aboutEntry(entry).id, kinds.lastIndexOf('remote')]).toEqual([
        aboutEntry(entry).id,
        kinds.filter((kind) => kind === 'remote').length - 1,
      ])
    }
  })

  it('can be added from, with every way but those that say why not', () => {
    const refused = WAYS.filter(({ deployment }) => deployment.obstacle !== undefined)
    expect(refused.map(({ id }) => id)).toEqual(['brightdata', 'searchapi'])
    for (const { id, deployment } of WAYS.filter(({ deployment }) => deployment.obstacle === undefined)) {
      const { target, credential } = planOf(deployment)
      expect(() => acceptAsTyped(target), id).not.toThrow()
      expect([id, namesNeeded(target).sort()]).toEqual([id, Object.keys(credential).sort()])
    }
  })

  it('keeps secret what looks like a secret', () => {
    const plain = WAYS.flatMap(({ id, deployment }) =>
      deployment.needs
        .filter(({ name, isSecret }) => !isSecret && looksLikeSecret(name, 'x'))
        .map(({ name }) => [id, name]),
    )
    expect(plain).toEqual([])
  })

  it('warns of what gives access to the machine of the gateway', () => {
    const reaching = [
      'desktop-commander',
      'code-runner',
      'filesystem',
      'git',
      'kubernetes',
      'fetch',
      'sqlite-tools',
    ]
    for (const id of reaching) {
      const entry = catalog.byId(id)
      expect([id, entry === undefined ? undefined : aboutEntry(entry).warning]).toEqual([
        id,
        expect.any(String),
      ])
    }
  })

  it('says in a few words of its own what one can do', () => {
    for (const { title, description } of catalog.entries) {
      expect(description).not.toMatch(/\.$|^(?:A|An|The) |MCP server/)
      expect(description).not.toBe(title)
    }
  })

  it('has a schema for editors that is the one it is read with', () => {
    const written = JSON.parse(readFileSync(join(CATALOG_FOLDER, 'catalog.schema.json'), 'utf8'))
    expect(written).toEqual(z.toJSONSchema(catalogFile, { io: 'input' }))
  })
})
