/** nShield HSMs: the security world and its cards, keys, and their wrapping for another key holder. */
import { definePlugin } from '@ceremony/engine/plugin'
import { checkCard } from './check-card.ts'
import { createOperatorCards } from './create-operator-cards.ts'
import { createWorld } from './create-world.ts'
import { eraseCard } from './erase-card.ts'
import { findKey } from './find-key.ts'
import { generateKey } from './generate-key.ts'
import { loadWorld } from './load-world.ts'
import { moduleState } from './module-state.ts'
import { replaceAdministratorCards } from './replace-administrator-cards.ts'
import { wrapForAzure } from './wrap-for-azure.ts'

export default definePlugin({
  name: 'hsm-ncipher',
  title: 'nShield HSM',
  needs: {
    pkcs11: true,
    commands: ['enquiry', 'nfkminfo', 'nopclearfail', 'new-world', 'createocs', 'preload', 'racs', 'cardpp', 'slotinfo'],
  },
  actions: {
    'module-state': moduleState,
    'create-world': createWorld,
    'create-operator-cards': createOperatorCards,
    'generate-key': generateKey,
    'find-key': findKey,
    'wrap-for-azure': wrapForAzure,
    'check-card': checkCard,
    'replace-administrator-cards': replaceAdministratorCards,
    'erase-card': eraseCard,
    'load-world': loadWorld,
  },
})
