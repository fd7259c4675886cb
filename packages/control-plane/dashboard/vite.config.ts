import { defineConfig, type Plugin, type UserConfig } from 'vite'

export default defineConfig(({ command }) => {
  // Whoever builds it, a test runner too, builds what is served: React takes anything else for development.
  if (command === 'build') process.env.NODE_ENV = 'production'
  return CONFIG
})

const CONFIG: UserConfig = {
  // Relative, because a proxy may serve the control plane below a path that only it knows.
  base: './',
  plugins: [preloadFirstPage()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Whoever may read the source has it; a browser need not.
    sourcemap: false,
    // The policy of the page allows no data: URLs for scripts or styles, and the icon is to be cached.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: {
      onLog(level, log, handle) {
        // Libraries mark what runs in a browser; all of this does.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log)
      },
    },
  },
  server: {
    // `MCPGW_TOKEN=… vite dashboard`, beside a control plane, shows changes of the source as they are saved.
    proxy: {
      '/api': {
        target: process.env.MCPGW_URL ?? 'http://127.0.0.1:8787',
        changeOrigin: true,
        headers: { authorization: `Bearer ${process.env.MCPGW_TOKEN ?? ''}` },
      },
    },
  },
}

/** Most visits begin at the overview: its scripts come beside the first one instead of behind it. */
function preloadFirstPage(): Plugin {
  return {
    name: 'preload-first-page',
    transformIndexHtml(_html, { bundle = {} }) {
      const chunks = Object.values(bundle).filter((output) => output.type === 'chunk')
      const first = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith('/overview-page.tsx'))
      const names = first === undefined ? [] : [first.fileName, ...first.imports]
      const entries = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName))
      return names
        .filter((name) => !entries.has(name))
        .map((name) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', href: `./${name}` },
          injectTo: 'head',
        }))
    },
  }
}
