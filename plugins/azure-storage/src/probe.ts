/** Looks whether a blob can be read. */
import { action, Type } from '@ceremony/engine/plugin'
import { blobClients, readBlob } from './blob.ts'
import { AccountName, BlobName, ContainerName, Sha256 } from './names.ts'
import { codeOf, serviceError, statusOf } from './service-error.ts'

const Input = Type.Object({ account: AccountName, container: ContainerName, blob: BlobName }, { additionalProperties: false })
const Output = Type.Object(
  {
    readable: Type.Boolean(),
    status: Type.Integer({ description: 'HTTP status of the service’s answer' }),
    code: Type.Union([Type.String(), Type.Null()], { description: 'The service’s error code where it is not readable' }),
    sha256: Type.Union([Sha256, Type.Null()], { description: 'Digest of the content where it is readable' }),
  },
  { additionalProperties: false },
)

export const probe = action({
  title: 'Look whether a blob can be read',
  input: Input,
  output: Output,
  readsOnly: true,
  says: (input) => `Try to read blob \`${input.container}/${input.blob}\` of storage account \`${input.account}\`.`,
  async run(input, context) {
    const { blob } = await blobClients(input, context)
    try {
      return { readable: true, status: 200, code: null, sha256: (await readBlob(blob)).sha256 }
    } catch (error) {
      const code = codeOf(error)
      // Only the lack of the key is a finding; a missing role or a missing blob is a mistake in the set-up.
      if (statusOf(error) === 403 && code?.startsWith('KeyVault')) return { readable: false, status: 403, code, sha256: null }
      throw serviceError(
        error,
        `show ${blob.url}`,
        'Check that the probe was written there and that whoever runs the ceremony may read blobs (Storage Blob Data Reader).',
      )
    }
  },
})
