import { BOTH, type World } from '../conformance/engine-world.ts'
import { capabilitiesOf } from '../../src/core/container-shape.ts'
import type { ContainerWanted } from '../../src/ports/engine.ts'

/** What a shell script says inside a container of the policy `baseline`, until it ends. */
export async function said(
  { engine, signal, wanted }: World,
  script: string,
  more: Partial<ContainerWanted> = {},
): Promise<string[]> {
  const plain = wanted(['sh', '-c', script])
  const container = { ...plain, capabilities: capabilitiesOf('baseline'), ...more }
  await engine.createContainer(container, signal)
  await engine.startContainer(container.name, signal)
  const lines: string[] = []
  const records = engine.logs(container.name, { follow: true, streams: BOTH }, signal)
  for await (const { line } of records) lines.push(line)
  // The address is free for the next.
  await engine.removeContainer(container.name, signal)
  return lines
}
