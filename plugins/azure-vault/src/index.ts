/** Azure Key Vault: vaults, key exchange keys, upload of keys, and the proofs that a key can be neither lost nor moved. */
import { definePlugin } from '@ceremony/engine/plugin'
import { deleteKey } from './delete-key.ts'
import { ensureVault } from './ensure-vault.ts'
import { getKey } from './get-key.ts'
import { grant } from './grant.ts'
import { importKey } from './import-key.ts'
import { createKek, exportKek } from './kek.ts'
import { listVersions } from './list-versions.ts'
import { proveBlobRefused } from './prove-blob-refused.ts'
import { provePurgeRefused } from './prove-purge-refused.ts'
import { recoverKey } from './recover-key.ts'
import { revoke } from './revoke.ts'
import { setKeyEnabled } from './set-key-enabled.ts'

export default definePlugin({
  name: 'azure-vault',
  title: 'Azure Key Vault',
  needs: { http: ['resource-manager', 'vault'] },
  actions: {
    'ensure-vault': ensureVault,
    grant,
    revoke,
    'create-kek': createKek,
    'export-kek': exportKek,
    'import-key': importKey,
    'get-key': getKey,
    'list-versions': listVersions,
    'set-key-enabled': setKeyEnabled,
    'prove-blob-refused': proveBlobRefused,
    'delete-key': deleteKey,
    'prove-purge-refused': provePurgeRefused,
    'recover-key': recoverKey,
  },
})
