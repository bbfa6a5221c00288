import { fieldsOf, numberOf, textOf, type Fields } from './docker-answers.ts'

/** An image has at most 127 layers on overlay2; what a registry says beyond that is not counted. */
const LAYERS = 128
const LAYER_ID = /^[0-9a-f]{12}$/
/** Of a layer's work, unpacking it is about a third. */
const DOWNLOAD_SHARE = 0.7
const DONE = new Set(['Pull complete', 'Already exists'])

/** Turns the engine's messages about layers into a percentage that never falls, and ends below 100. */
export function pullProgress(): (message: Fields) => number {
  const layers = new Map<string, number>()
  let highest = 0
  return (message) => {
    const id = textOf(message['id'])
    if (LAYER_ID.test(id) && (layers.has(id) || layers.size < LAYERS)) {
      layers.set(id, Math.max(layers.get(id) ?? 0, layerShare(message)))
      const sum = [...layers.values()].reduce((total, share) => total + share, 0)
      highest = Math.max(highest, Math.min(99, Math.floor((sum / layers.size) * 100)))
    }
    return highest
  }
}

/** Tells when the layers whose sizes the engine has named are larger together than may be. */
export function layerBound(mostBytes: number): (message: Fields) => boolean {
  const sizes = new Map<string, number>()
  return (message) => {
    const id = textOf(message['id'])
    if (!LAYER_ID.test(id) || message['status'] !== 'Downloading') return false
    if (!sizes.has(id) && sizes.size >= LAYERS) return true
    sizes.set(id, Math.max(sizes.get(id) ?? 0, sizeOf(message)))
    return [...sizes.values()].reduce((total, size) => total + size, 0) > mostBytes
  }
}

/** What has come counts where the registry does not tell how much there is. */
function sizeOf(message: Fields): number {
  const { current, total } = fieldsOf(message['progressDetail'])
  return Math.max(numberOf(current), numberOf(total))
}

function layerShare(message: Fields): number {
  const status = textOf(message['status'])
  if (DONE.has(status)) return 1
  const { current, total } = fieldsOf(message['progressDetail'])
  const share = numberOf(total) > 0 ? Math.min(1, numberOf(current) / numberOf(total)) : 0
  if (status === 'Downloading') return share * DOWNLOAD_SHARE
  if (status === 'Verifying Checksum' || status === 'Download complete') return DOWNLOAD_SHARE
  if (status === 'Extracting') return DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE)
  return 0
}
