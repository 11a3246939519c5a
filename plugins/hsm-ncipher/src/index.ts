/** nShield HSMs: the security world and its cards, keys, and their wrapping for another key holder. */
import { definePlugin } from '@ceremony/engine/plugin'
import { createOperatorCards } from './create-operator-cards.ts'
import { createWorld } from './create-world.ts'
import { generateKey } from './generate-key.ts'
import { moduleState } from './module-state.ts'
import { wrapForAzure } from './wrap-for-azure.ts'

export default definePlugin({
  name: 'hsm-ncipher',
  title: 'nShield HSM',
  needs: { pkcs11: true, commands: ['enquiry', 'nfkminfo', 'nopclearfail', 'new-world', 'createocs', 'preload'] },
  actions: {
    'module-state': moduleState,
    'create-world': createWorld,
    'create-operator-cards': createOperatorCards,
    'generate-key': generateKey,
    'wrap-for-azure': wrapForAzure,
  },
})
