import type { MetricFamily } from '../contract/edge-metrics.ts'

/** In the text format of Prometheus, version 0.0.4, without the line feed at the end. */
export function expositionOf({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map((one) => `${one.name}${labelled(one.labels)} ${one.value}`)
  const about = help.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`)
  return [`# HELP ${name} ${about}`, `# TYPE ${name} ${type}`, ...lines].join('\n')
}

function labelled(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const label of Object.keys(labels)) {
    text += `${text === '' ? '{' : ','}${label}="${escaped(labels[label] ?? '')}"`
  }
  return text === '' ? '' : `${text}}`
}

const SPECIAL = /["\\\n]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '"': String.raw`\"`,
  '\\': String.raw`\\`,
  '\n': String.raw`\n`,
}

/** Names of apps have nothing to escape, and there are many of them. */
function escaped(text: string): string {
  return text.search(SPECIAL) < 0 ? text : text.replaceAll(SPECIAL, (mark) => ESCAPES[mark] ?? mark)
}
