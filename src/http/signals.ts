export interface Linked {
  readonly signal: AbortSignal
  /** Aborts it from here, without any of the sources. */
  readonly abort: (reason: unknown) => void
  /** Forgets the sources; to be called when the work is done. */
  readonly release: () => void
}

/**
 * A signal that is aborted with the first of its sources. Not `AbortSignal.any`: some sources live as
 * long as the process, and this one is taken off them when the request is over.
 */
export function linked(sources: readonly AbortSignal[]): Linked {
  const controller = new AbortController()
  const aborts = sources.map((source) => ({
    source,
    abort: () => controller.abort(source.reason),
  }))
  for (const { source, abort } of aborts) {
    if (source.aborted) abort()
    else source.addEventListener('abort', abort, { once: true })
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => {
      for (const { source, abort } of aborts) source.removeEventListener('abort', abort)
    },
  }
}
