/** Something that happened, as whoever saw it says it. */
export interface NewEvent {
  /** null: it is the platform's own. */
  readonly tenantId: string | null
  /** `<kind>.<what>`, e.g. `container.exited`. */
  readonly action: string
  readonly level: EventLevel
  readonly target: { readonly kind: string; readonly id: string; readonly name: string }
  /** One sentence for people. */
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

export const EVENT_LEVELS = ['info', 'warning', 'error'] as const
export type EventLevel = (typeof EVENT_LEVELS)[number]
