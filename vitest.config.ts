import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // More than cores: whole ceremonies mostly wait, for their clock and for each other.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // .ci/run reads the counts.
    reporters: ['default', ['json', { outputFile: '.cache/test-results.json' }]],
  },
})
