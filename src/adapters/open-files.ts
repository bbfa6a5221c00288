import { readFileSync } from 'node:fs'

/** Enough for any server; an unlimited one costs programs that close all possible files at start. */
const OPEN_FILES = 65_536
const HARD_LIMIT = /^Max open files\s+\S+\s+(\d+)/m

/**
 * How many files a container's process may open: no more than this process could have itself, since
 * an engine in the same place, without CAP_SYS_RESOURCE, could start no container with more.
 */
export function openFilesLimit(limits = ownLimits()): number {
  const hard = HARD_LIMIT.exec(limits)?.[1]
  return hard === undefined ? OPEN_FILES : Math.min(OPEN_FILES, Number(hard))
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    // Not Linux, so the engine is not in the same place anyhow.
    return ''
  }
}
