/** A writer in a process of its own, to be killed: appends entries and tells of each when it is on disk. */

import type { Envelope } from '../../engine/src/transcript/dsse.ts'
import { TranscriptStore } from '../../engine/src/transcript/store.ts'

const [dir, pause] = process.argv.slice(2)
const store = await TranscriptStore.open(dir!)
process.send!('open')
process.on('message', (envelopes: Envelope[]) => {
  for (const envelope of envelopes) {
    store.append(envelope)
    process.send!('appended')
  }
  if (pause === undefined) {
    store.close()
    process.exit()
  }
})
