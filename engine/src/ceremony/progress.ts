/** What a running ceremony tells whoever shows it. Nothing in it is a secret. */
export type ProgressEvent =
  | { readonly kind: 'phase'; readonly title: string }
  | { readonly kind: 'arrived'; readonly station: string; readonly waiver: string | null }
  | {
      readonly kind: 'step'
      readonly step: string
      readonly instance: string | null
      readonly title: string
      readonly station: string
      readonly says: string
    }
  | { readonly kind: 'skipped'; readonly step: string; readonly instance: string | null; readonly when: string }
  | { readonly kind: 'signed'; readonly officers: readonly string[]; readonly what: 'before' | 'after' | 'all' }
  | { readonly kind: 'attempt'; readonly number: number; readonly holds: boolean; readonly time: string }
  | { readonly kind: 'output'; readonly text: string }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'in-doubt'; readonly step: string; readonly instance: string | null; readonly verdict: string; readonly facts: string }
  | { readonly kind: 'done'; readonly step: string; readonly instance: string | null; readonly milliseconds: number }
  | { readonly kind: 'failed'; readonly step: string; readonly instance: string | null; readonly code: string; readonly message: string }
  | { readonly kind: 'closed'; readonly entries: number }

export type Progress = (event: ProgressEvent) => void
