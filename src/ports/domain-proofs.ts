/** What the world shows of a domain. Never throws: what cannot be asked shows nothing. */
export interface DomainProofs {
  /** TXT records of a name, each as one text. */
  texts(name: string, signal: AbortSignal): Promise<readonly string[]>
  /** What GET of the path answers with 200 on port 80, without its blanks; null: nothing of use. */
  page(host: string, path: string, signal: AbortSignal): Promise<string | null>
}
