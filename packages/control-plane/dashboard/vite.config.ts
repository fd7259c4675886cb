import { defineConfig } from 'vite'

export default defineConfig({
  // Relative, because a proxy may serve the control plane below a path that only it knows.
  base: './',
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
})
