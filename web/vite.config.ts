import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import vuetify from 'vite-plugin-vuetify'
import { defineConfig } from 'vitest/config'

export default defineConfig({
    plugins: [vue(), vuetify({ autoImport: true })],
    resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
    // Whoever serves the page puts the nonce of each response in its place.
    html: { cspNonce: '__CSP_NONCE__' },
    build: {
        target: 'es2022',
        assetsInlineLimit: 0,
        reportCompressedSize: false,
        chunkSizeWarningLimit: 1000, // KiB; what counts is the sum in gzip, see tests/browser
        modulePreload: { polyfill: false },
    },
    server: { proxy: { '/api': process.env.FALCONER_CONSOLE ?? 'http://127.0.0.1:8443' } },
    test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
