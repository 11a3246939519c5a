/** Writes a blob that later steps read, to see whether the account's data can be reached. */
import { action, afterEffect, PluginError, Type } from '@ceremony/engine/plugin'
import { blobClients, readBlob, sha256 } from './blob.ts'
import { AccountName, BlobName, ContainerName, Sha256 } from './names.ts'
import { codeOf, serviceError, statusOf } from './service-error.ts'

const SIZE = 1024

const Input = Type.Object({ account: AccountName, container: ContainerName, blob: BlobName }, { additionalProperties: false })
const Output = Type.Object({ url: Type.String(), sha256: Sha256, size: Type.Integer({ minimum: 0 }) }, { additionalProperties: false })

export const writeProbe = action({
  title: 'Write a probe blob',
  input: Input,
  output: Output,
  says: (input) =>
    `Write ${SIZE} random bytes to blob \`${input.container}/${input.blob}\` of storage account \`${input.account}\` and read them again; ` +
    'a blob that is there already stays as it is.',
  async run(input, context) {
    const { container, blob } = await blobClients(input, context)
    const content = context.random.bytes(SIZE)
    const digest = sha256(content)
    try {
      await container.createIfNotExists()
      // The digest stands beside the content, so that after a crash the probe is known as ours.
      await blob.upload(content, SIZE, { conditions: { ifNoneMatch: '*' }, metadata: { ceremonyprobe: digest } })
    } catch (error) {
      // After a lost answer the client sends again and finds what it wrote itself: the comparison below tells.
      if (codeOf(error) !== 'BlobAlreadyExists') {
        throw serviceError(
          error,
          `write ${blob.url}`,
          'Check that whoever runs the ceremony may write blobs there (Storage Blob Data Contributor).',
        )
      }
    }
    const read = () =>
      readBlob(blob).catch((error): never => {
        throw serviceError(error, `show ${blob.url}`, 'Check that whoever runs the ceremony may read blobs there.')
      })
    const found = await afterEffect(`${blob.url} was written, or was there before`, read)
    if (found.sha256 === digest) return { url: blob.url, sha256: digest, size: SIZE }
    throw new PluginError('azure-storage/other-content', `Blob ${blob.url} does not hold what was written.`, {
      found: `${found.bytes.length} bytes with SHA-256 ${found.sha256}`,
      expected: `${SIZE} bytes with SHA-256 ${digest}`,
      changed: 'nothing',
      advice: 'A blob of this name was there before. Choose another name for the probe.',
    })
  },
  async reconcile(input, context) {
    const { blob } = await blobClients(input, context)
    try {
      const { metadata = {} } = await blob.getProperties()
      const found = await readBlob(blob)
      const ours = metadata.ceremonyprobe === found.sha256
      const facts = `${blob.url} holds ${found.bytes.length} bytes with SHA-256 ${found.sha256}`
      if (!ours) return { verdict: 'unknown', facts: `${facts}, without the mark of a probe.` }
      return {
        verdict: 'done',
        outputs: { url: blob.url, sha256: found.sha256, size: found.bytes.length },
        facts: `${facts}, marked as a probe.`,
      }
    } catch (error) {
      if (statusOf(error) === 404) return { verdict: 'not-done', facts: `There is no blob ${blob.url}.` }
      throw serviceError(error, `show ${blob.url}`, 'Check that whoever runs the ceremony may read blobs there.')
    }
  },
})
