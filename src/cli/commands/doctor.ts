import { platformDoctor, type Diagnosis } from '../../contract/doctor.ts'
import type { Work } from '../command.ts'
import { EXIT } from '../exit.ts'
import type { Cell, Color } from '../table.ts'

type Finding = Diagnosis['items'][number]

const COLORS = { ok: 'green', warning: 'yellow', problem: 'red' } as const satisfies Record<
  Finding['result'],
  Color
>

export const doctor: Work = async (context) => {
  const found = await (await context.api()).call(platformDoctor, {})
  await context.show(found, () =>
    context.table(['CHECK', 'RESULT', 'MEANING', 'TODO'], found.items.map(rowOf)),
  )
  return found.healthy ? EXIT.ok : EXIT.failed
}

const rowOf = ({ check, result, meaning, todo }: Finding): Cell[] => [
  check,
  { text: result, color: COLORS[result] },
  meaning,
  todo ?? '-',
]
