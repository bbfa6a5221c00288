/** What a CPU is, in the units of the engine and of the quota. */
export interface CpuAmounts {
  /** Reserved and hard-limited, in thousandths of a CPU. */
  readonly cpuMilli: number
  /** Weight against others when the CPUs are all busy; 1024 for one CPU. */
  readonly cpuShares: number
}

const SHARES_A_CPU = 1024

/**
 * Shares alone set the weight *and* reserve and limit as many CPUs as they stand for; with both given,
 * shares are only the weight; with neither, the tenant's default counts.
 */
export function cpuAmounts(
  asked: { readonly cpuMilli?: number | undefined; readonly cpuShares?: number | undefined },
  defaultMilli: number,
): CpuAmounts {
  const { cpuMilli, cpuShares } = asked
  if (cpuMilli !== undefined) {
    return { cpuMilli, cpuShares: cpuShares ?? sharesOf(cpuMilli) }
  }
  if (cpuShares !== undefined) {
    return { cpuMilli: Math.ceil((cpuShares * 1000) / SHARES_A_CPU), cpuShares }
  }
  return { cpuMilli: defaultMilli, cpuShares: sharesOf(defaultMilli) }
}

/** At least 2, which is the kernel's least. */
const sharesOf = (cpuMilli: number): number =>
  Math.min(262_144, Math.max(2, Math.floor((cpuMilli * SHARES_A_CPU) / 1000)))
