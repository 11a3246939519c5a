import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // .ci/run reads the counts.
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
})
