import { UnreachableError } from '../../client/api-error.ts'
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
  const { api, endpoint } = await context.session()
  const found = await api.call(platformDoctor, {}).catch((error: unknown) => {
    // Of the machine on which the platform should be, something can be told all the same.
    if (error instanceof UnreachableError && isHere(endpoint)) return null
    throw error
  })
  if (found === null) {
    await context.world.runHere('doctor', ...(context.json ? ['--json'] : []))
    return EXIT.failed
  }
  await context.show(found, () =>
    context.table(['CHECK', 'RESULT', 'MEANING', 'TODO'], found.items.map(rowOf)),
  )
  return found.healthy ? EXIT.ok : EXIT.failed
}

const isHere = (endpoint: string): boolean =>
  ['127.0.0.1', '[::1]', 'localhost'].includes(new URL(endpoint).hostname)

const rowOf = ({ check, result, meaning, todo }: Finding): Cell[] => [
  check,
  { text: result, color: COLORS[result] },
  meaning,
  todo ?? '-',
]
