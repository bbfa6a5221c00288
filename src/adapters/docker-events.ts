import { INSTANCE_LABEL, labelsOfInstance } from '../core/docker-names.ts'
import type { EngineEvent } from '../ports/engine.ts'
import { fieldsOf, numberOf, parsedJson, textOf } from './docker-answers.ts'
import type { Calls } from './docker-calls.ts'
import { jsonLines } from './docker-lines.ts'

/** An event repeats the container's labels, 64 of 4 KiB at most. */
const EVENT_BYTES = 1024 * 1024

export interface EventDeps {
  readonly calls: Calls
  readonly instance: string
  readonly now: () => Date
}

/**
 * Events of this instance's containers since this call: the engine keeps the last ones, so none is
 * lost between the call and the first read.
 */
export function dockerEvents(
  { calls, instance, now }: EventDeps,
  signal: AbortSignal,
): AsyncIterable<EngineEvent> {
  const filters = { type: ['container'], label: [`${INSTANCE_LABEL}=${instance}`] }
  const chunks = calls.stream({
    action: 'listen to the engine',
    method: 'GET',
    path: '/events',
    query: {
      since: String(now().getTime() / 1000),
      filters: JSON.stringify(filters),
    },
    signal,
  })
  return eventsOf(chunks, instance)
}

async function* eventsOf(chunks: AsyncIterable<Uint8Array>, instance: string) {
  for await (const line of jsonLines(chunks, EVENT_BYTES)) {
    const event = eventOf(line, instance)
    if (event) yield event
  }
}

function eventOf(line: string, instance: string): EngineEvent | undefined {
  const fields = fieldsOf(parsedJson(line))
  const attributes = fieldsOf(fieldsOf(fields['Actor'])['Attributes'])
  const labels = labelsOfInstance(instance, attributes)
  if (!labels) return undefined
  const exitCode = attributes['exitCode']
  return {
    kind: 'container',
    action: textOf(fields['Action']),
    name: textOf(attributes['name']),
    id: labels.id,
    time: new Date(numberOf(fields['timeNano']) / 1e6),
    ...(typeof exitCode === 'string' &&
      /^\d{1,3}$/.test(exitCode) && { exitCode: Number(exitCode) }),
  }
}
