import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

export default defineConfig({
  entry: { mcpgw: 'src/main.ts' },
  format: 'esm',
  target: 'node20',
  platform: 'node',
  minify: true,
  // What the commands need is in files of their own: a client's session loads only the bridge.
  splitting: true,
  clean: true,
  // Everything goes into the one file but the keychain's native module, which is optional at run time.
  noExternal: [/^(?!@napi-rs\/keyring)/],
  external: ['@napi-rs/keyring'],
  define: { __BRIDGE_VERSION__: JSON.stringify(version) },
  // undici and commander are CommonJS and call require; an ES module has none of its own.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
})
