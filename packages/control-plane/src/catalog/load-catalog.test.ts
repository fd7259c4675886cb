import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createCatalogLoader } from './load-catalog.ts'
import { exampleEntry } from './test-entry.ts'

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpgw-catalog-'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

describe('the catalog', () => {
  it('is not read before somebody asks for it, and then once', async () => {
    const load = createCatalogLoader('/nowhere/at/all')
    await expect(load()).rejects.toThrow()

    const folder = await folderWith({ 'support.json': JSON.stringify({ entries: [exampleEntry()] }) })
    const loadOther = createCatalogLoader(folder)
    const [first, second] = await Promise.all([loadOther(), loadOther()])
    await rm(folder, { recursive: true })
    expect(await loadOther()).toBe(first)
    expect(second).toBe(first)
    expect(first.byId('example')?.title).toBe('Example')
    expect(first.byId('other')).toBeUndefined()
  })

  it('says which file and which entry is broken, and is read again once that is mended', async () => {
    const bad = { ...exampleEntry(), description: 'x'.repeat(101) }
    const folder = await folderWith({ 'support.json': JSON.stringify({ entries: [bad] }) })
    const load = createCatalogLoader(folder)
    await expect(load()).rejects.toMatchObject({
      code: 'configuration',
      message:
        "The catalog's file support.json has a mistake. com.example/example.description: must be at most 100 characters",
    })
    await writeFile(join(folder, 'support.json'), JSON.stringify({ entries: [exampleEntry()] }))
    expect((await load()).entries).toHaveLength(1)
    await rm(folder, { recursive: true })
  })

  it('says which file is no JSON', async () => {
    const folder = await folderWith({ 'support.json': '{' })
    await expect(createCatalogLoader(folder)()).rejects.toThrow(
      /support\.json has a mistake\. It is not JSON/,
    )
    await rm(folder, { recursive: true })
  })
})
