interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}
type Asked = { readonly limit: number; readonly cursor?: string }

const PAGE_ITEMS = 1000
/** More than any tenant has; it only ends a server that never stops answering cursors. */
const MOST_PAGES = 100

/** All items of a list, in the API's own form, page by page. */
export async function allPages<T>(read: (page: Asked) => Promise<Page<T>>): Promise<Page<T>> {
  const items: T[] = []
  let cursor: string | null = null
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const asked: Asked = cursor === null ? { limit: PAGE_ITEMS } : { limit: PAGE_ITEMS, cursor }
    // oxlint-disable-next-line no-await-in-loop -- a page names the next one
    const page: Page<T> = await read(asked)
    items.push(...page.items)
    cursor = page.nextCursor
    if (cursor === null) break
  }
  return { items, nextCursor: cursor }
}
