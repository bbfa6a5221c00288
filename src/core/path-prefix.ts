/** Whether a path is a prefix or below it, by whole segments: `/api` has `/api/x` below it, and not `/apix`. */
export const isBelow = (path: string, prefix: string): boolean =>
  prefix === '/' || path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)
