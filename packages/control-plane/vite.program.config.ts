import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/**
 * The program as people install it: plain JavaScript with every library inside. Node runs TypeScript in a checkout but
 * not below `node_modules`, and one file in place of a thousand starts in half the time.
 */
export default defineConfig({
  plugins: [pageStyle()],
  ssr: { noExternal: true },
  build: {
    ssr: true,
    outDir: 'dist',
    emptyOutDir: true,
    target: 'node22',
    // An operator reads the stack of an error, and nobody waits for these bytes.
    minify: false,
    // The libraries inside ask that their licences go where they go.
    license: { fileName: 'third-party-licenses.md' },
    rolldownOptions: {
      input: {
        'mcpgw-server': 'src/main.ts',
        'sqlite-reader-worker': 'src/storage/sqlite-reader-worker.ts',
        'api-reader-worker': 'src/openapi/api-reader-worker.ts',
      },
      // `pg` looks for these, and does without.
      external: ['pg-native', 'pg-cloudflare'],
      // One folder: what the program finds beside or above its sources it finds beside or above these too.
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})

/** The pages read their style from beside their module. */
function pageStyle(): Plugin {
  return {
    name: 'page-style',
    generateBundle() {
      const source = readFileSync(new URL('src/http/pages/style.css', import.meta.url))
      this.emitFile({ type: 'asset', fileName: 'style.css', source })
    },
  }
}
