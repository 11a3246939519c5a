/** Azure Storage: a customer-managed key on an account, and a probe that shows whether the data can be read. */
import { definePlugin } from '@ceremony/engine/plugin'
import { assignIdentity } from './assign-identity.ts'
import { probe } from './probe.ts'
import { setCustomerKey } from './set-customer-key.ts'
import { writeProbe } from './write-probe.ts'

export default definePlugin({
  name: 'azure-storage',
  title: 'Azure Storage under a key of one’s own',
  needs: { http: ['resource-manager', 'blob'] },
  actions: {
    'assign-identity': assignIdentity,
    'set-customer-key': setCustomerKey,
    'write-probe': writeProbe,
    probe,
  },
})
