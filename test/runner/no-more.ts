/** What a shared process is sent when no file is left: it may end. */
export const NO_MORE = 'no more'
