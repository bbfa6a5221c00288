import type { HostState } from '../core/doctor.ts'

/** Looks at the machine, as an operator would. What cannot be told is `null`; it never throws. */
export interface HostExam {
  look(folders: readonly string[], signal: AbortSignal): Promise<HostState>
}
