/** `https://example.org`, with the port where it is not the usual one. */
export const httpsOrigin = (host: string, port: number): string =>
  `https://${host}${port === 443 ? '' : `:${port}`}`
