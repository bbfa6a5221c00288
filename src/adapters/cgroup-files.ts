import type { GroupLimits } from '../ports/tenant-groups.ts'

export type CgroupVersion = 1 | 2

export interface CgroupFile {
  /** Below the root of the hierarchy. */
  readonly file: string
  readonly text: string
}

export interface Wanted {
  readonly limits: GroupLimits
  /** What a file says now. */
  readonly now: (file: string) => Promise<string>
}

const PERIOD_US = 100_000
/** The kernel takes no quota below a thousandth of a second. */
const LEAST_QUOTA_US = 1_000
/** What version 1 says where there is no limit: the largest multiple of a page. */
const UNLIMITED = 2 ** 62

/** What has to be written for a group to be held to its limits, in the order that the kernel accepts. */
export async function cgroupFiles(
  version: CgroupVersion,
  group: string,
  { limits, now }: Wanted,
): Promise<readonly CgroupFile[]> {
  const files = version === 1 ? await filesOfV1(group, limits, now) : filesOfV2(group, limits)
  const said = await Promise.all(files.map(({ file }) => now(file)))
  return files.filter(({ text }, i) => said[i] !== text)
}

async function filesOfV1(
  group: string,
  { cpuMilli, memoryBytes, pids }: GroupLimits,
  now: Wanted['now'],
): Promise<CgroupFile[]> {
  const inMemory = (name: string): string => `memory/${group}/memory.${name}`
  const memory = String(memoryBytes ?? -1)
  const limit = { file: inMemory('limit_in_bytes'), text: memory }
  // Memory and swap together can at no moment be less than the memory alone.
  const both = { file: inMemory('memsw.limit_in_bytes'), text: memory }
  const grows = (memoryBytes ?? UNLIMITED) > Number(await now(limit.file))
  return [
    // On kernels before 5.11 a group's limit holds for the groups in it only if it is said.
    { file: inMemory('use_hierarchy'), text: '1' },
    ...(grows ? [both, limit] : [limit, both]),
    { file: `cpu/${group}/cpu.cfs_period_us`, text: String(PERIOD_US) },
    { file: `cpu/${group}/cpu.cfs_quota_us`, text: String(quotaUs(cpuMilli) ?? -1) },
    { file: `pids/${group}/pids.max`, text: String(pids ?? 'max') },
  ]
}

function filesOfV2(group: string, { cpuMilli, memoryBytes, pids }: GroupLimits): CgroupFile[] {
  return [
    { file: `${group}/memory.max`, text: String(memoryBytes ?? 'max') },
    { file: `${group}/memory.swap.max`, text: memoryBytes === null ? 'max' : '0' },
    { file: `${group}/cpu.max`, text: `${quotaUs(cpuMilli) ?? 'max'} ${PERIOD_US}` },
    { file: `${group}/pids.max`, text: String(pids ?? 'max') },
  ]
}

const quotaUs = (cpuMilli: number | null): number | null =>
  cpuMilli === null ? null : Math.max(LEAST_QUOTA_US, (cpuMilli * PERIOD_US) / 1000)
