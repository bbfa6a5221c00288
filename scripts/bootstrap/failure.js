/** Something the user is told in one sentence, with the lines to type where there are any. */
export class BootstrapError extends Error {
  /**
   * @param {string} sentence
   * @param {{ lines?: readonly string[], exitCode?: number, cause?: unknown }} [facts]
   */
  constructor(sentence, { lines = [], exitCode = 1, cause } = {}) {
    super(sentence, cause === undefined ? {} : { cause })
    this.name = 'BootstrapError'
    this.lines = lines
    this.exitCode = exitCode
  }
}
