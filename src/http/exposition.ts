import type { MetricFamily } from '../contract/edge-metrics.ts'

/** In the text format of Prometheus, version 0.0.4, without the line feed at the end. */
export function expositionOf({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map(({ name: sample, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    return `${sample}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
  })
  const about = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
  return [`# HELP ${name} ${about}`, `# TYPE ${name} ${type}`, ...lines].join('\n')
}

const escaped = (text: string): string =>
  text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
