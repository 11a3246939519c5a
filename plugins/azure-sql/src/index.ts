/** Azure SQL: a customer-managed TDE protector, and the state of databases that depend on it. */
import { definePlugin } from '@ceremony/engine/plugin'
import { addKey } from './add-key.ts'
import { assignIdentity } from './assign-identity.ts'
import { enableTde } from './enable-tde.ts'
import { revalidate } from './revalidate.ts'
import { setProtector } from './set-protector.ts'
import { state } from './state.ts'

export default definePlugin({
  name: 'azure-sql',
  title: 'Azure SQL under a key of one’s own',
  needs: { http: ['resource-manager'] },
  actions: {
    'assign-identity': assignIdentity,
    'add-key': addKey,
    'set-protector': setProtector,
    'enable-tde': enableTde,
    state,
    revalidate,
  },
})
