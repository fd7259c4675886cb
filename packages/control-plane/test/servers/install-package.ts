import { openNpmStore } from '../../src/upstream/hosted/npm-store.ts'

/** Installs one package in a store that others use too. Arguments: the store's folder, the registry, name and version. */
const [folder = '', registry = '', identifier = '', version = ''] = process.argv.slice(2)
const env = { npm_config_registry: registry }
const store = openNpmStore({
  folder,
  env,
  clock: { now: () => Date.now() },
  nodePath: process.execPath,
  searchPath: process.env.PATH ?? '',
})
process.stdout.write(await store.folderOf({ registryType: 'npm', identifier, version }))
