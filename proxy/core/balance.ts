import { mixed, spread } from './name-pack.ts'
import type { Balance } from './route.ts'

/** Members among whom one is chosen, by their places from 0. */
export interface Crowd {
  readonly size: number
  /** Requests that it works on; Infinity: it is not to be asked now. */
  load(place: number): number
  /** Its part of a full share, above 0 and at most 1. */
  weight(place: number): number
  /** The same as long as the member lives, whoever else is there. */
  hash(place: number): number
}

/** What a choice depends on besides the members. */
export interface Draw {
  /** Grows by one with each choice. */
  readonly turn: number
  /** Of what the choice depends on, for `hash`. */
  readonly key: number
  /** From 0 to 1, without 1. */
  readonly random: () => number
}

/** Above the mean load by so much, a member is passed over for the next one of the same key. */
const LOAD_BOUND = 1.25

/** Where nearly all are passed over, the first that may be asked is good enough. */
const PASSES_MOST = 16

const KINDS = {
  'round-robin': inTurn,
  'least-requests': leastBusy,
  'two-choices': lessBusyOfTwo,
  hash: byKey,
} satisfies Record<Balance['kind'], (crowd: Crowd, draw: Draw) => number>

/** Who is asked first: a place, or -1 where nobody is to be asked. */
export function picked(kind: Balance['kind'], crowd: Crowd, draw: Draw): number {
  return KINDS[kind](crowd, draw)
}

/**
 * A member that is to have half a share is passed over every other time. Chance picks who is asked instead: the
 * next in turn would get all that the one before it does not.
 */
function inTurn(crowd: Crowd, { turn, random }: Draw): number {
  const { size } = crowd
  if (size === 0) return -1
  let place = turn % size
  for (let tries = 0; tries < PASSES_MOST; tries += 1) {
    if (crowd.load(place) !== Infinity) {
      const weight = crowd.weight(place)
      if (weight >= 1 || random() < weight) return place
    }
    place = Math.floor(random() * size)
  }
  for (let step = 0; step < size; step += 1) {
    if (crowd.load((turn + step) % size) !== Infinity) return (turn + step) % size
  }
  return -1
}

/** Of several that are equally busy, the next in turn. Where shares differ, chance decides by share and by load. */
function leastBusy(crowd: Crowd, draw: Draw): number {
  const { size } = crowd
  let best = -1
  let least = Infinity
  for (let step = 0; step < size; step += 1) {
    const place = (draw.turn + step) % size
    if (crowd.weight(place) !== crowd.weight(0)) return byShareAndLoad(crowd, draw)
    const load = crowd.load(place)
    if (load < least) {
      best = place
      least = load
    }
  }
  return best
}

/**
 * The least busy one for its share would get all there is as long as nothing is under way; so each is drawn as
 * often as its share is large and what it has under way is small.
 */
function byShareAndLoad(crowd: Crowd, { random }: Draw): number {
  const worth = (place: number): number => crowd.weight(place) / (crowd.load(place) + 1)
  let sum = 0
  for (let place = 0; place < crowd.size; place += 1) sum += worth(place)
  let left = random() * sum
  let last = -1
  for (let place = 0; place < crowd.size; place += 1) {
    const own = worth(place)
    if (own > 0) {
      last = place
      left -= own
      if (left < 0) return place
    }
  }
  return last
}

/**
 * The less busy one of two that chance has picked. Nearly as good as the least busy of all, however many there
 * are; and workers that do not know of each other do not all choose the same one.
 */
function lessBusyOfTwo(crowd: Crowd, draw: Draw): number {
  const { size } = crowd
  const { random } = draw
  const one = inTurn(crowd, { ...draw, turn: Math.floor(random() * size) })
  if (size < 2 || one < 0) return one
  const next = Math.floor(random() * (size - 1))
  const other = inTurn(crowd, { ...draw, turn: (one + 1 + next) % size })
  return burden(crowd, other) < burden(crowd, one) ? other : one
}

/** What is under way, against its share. */
const burden = (crowd: Crowd, place: number): number => crowd.load(place) / crowd.weight(place)

/**
 * Rendezvous hashing: of all members the one that scores highest with the key. When one of n comes or goes only
 * its own keys move, which no table of slots does exactly. Whoever has more than its part of what is under way
 * is passed over, so that one key that everybody asks for does not bury its member.
 */
function byKey(crowd: Crowd, { key }: Draw): number {
  const bound = loadBound(crowd)
  let best = -1
  let highest = -Infinity
  for (let place = 0; place < crowd.size; place += 1) {
    if (crowd.load(place) < bound) {
      const own = score(key, crowd.hash(place), crowd.weight(place))
      if (own > highest) {
        best = place
        highest = own
      }
    }
  }
  return best
}

/** Someone is always below it: the mean is. */
function loadBound(crowd: Crowd): number {
  let sum = 1
  let able = 0
  for (let place = 0; place < crowd.size; place += 1) {
    const load = crowd.load(place)
    if (load !== Infinity) {
      sum += load
      able += 1
    }
  }
  return able === 0 ? 0 : Math.ceil((LOAD_BOUND * sum) / able)
}

/** Weighted: a member of half a share wins half as many keys, and as its share grows it only wins more. */
function score(key: number, member: number, weight: number): number {
  const drawn = (spread(spread(key ^ member) + member) + 0.5) / 2 ** 32
  return -weight / Math.log(drawn)
}

/** Of a client's address, a field's value, or a member's id. */
export function hashOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    hash = mixed(mixed(hash, unit & 0xff), unit >>> 8)
  }
  return spread(hash)
}

/** The least part of a full share: with none it would never show what it can do. */
const WEIGHT_LEAST = 0.05

/** What a member gets that came back so long ago: its share grows in line with time. */
export function warmth(sinceMs: number, slowStartMs: number): number {
  return sinceMs >= slowStartMs ? 1 : Math.max(WEIGHT_LEAST, sinceMs / slowStartMs)
}
