/**
 * What has to happen on this machine before a mode can run, decided from facts alone. Nothing here
 * looks at the machine or changes it, so that every branch is a test.
 *
 * @typedef {object} Facts
 * @property {string} mode what was asked for: `start`, `test`, …
 * @property {boolean} linux
 * @property {boolean} root
 * @property {boolean} debian a system of the Debian family that has apt-get
 * @property {boolean} systemd whether systemd runs here, not only lies on the disk
 * @property {boolean} terminal whether somebody can be asked
 * @property {boolean} checkOnly `CLOUDLET_BOOTSTRAP=check`: install and start nothing
 * @property {boolean} unisolated `CLOUDLET_UNISOLATED=1`: without root, for a try
 * @property {'answers' | 'silent' | 'denied'} engine how the engine's socket behaves
 * @property {boolean} engineInstalled whether there is a dockerd to start
 * @property {boolean} ownSocket whether the socket is one that the operator named
 * @property {string} socket
 * @property {readonly string[]} missing Debian packages whose programs are not here
 *
 * @typedef {{ do: 'refuse', sentence: string, lines: string[] }
 *   | { do: 'announce', packages: string[] }
 *   | { do: 'ask', lines: string[] }
 *   | { do: 'install', packages: string[], configureEngine: boolean }
 *   | { do: 'start-engine', by: 'systemd' | 'dockerd' }
 *   | { do: 'judge-engine' }} Step
 */

/** What a running cloud needs, as Debian names it, and the program that proves it is there. */
export const PLATFORM_PACKAGES = {
  'docker.io': 'dockerd',
  iptables: 'iptables',
  nftables: 'nft',
  e2fsprogs: 'mkfs.ext4',
  'busybox-static': 'busybox',
}

/**
 * What only the tests and the benches need: a DNS client, a real registry, an HTTP client, Python's
 * installer, the Go compiler, a plain relay, two programs that a tunnel must do for, servers and clients, and proxies with
 * what loads them.
 */
export const TEST_PACKAGES = {
  dnsutils: 'dig',
  'docker-registry': 'docker-registry',
  curl: 'curl',
  'python3-pip': 'pip3',
  'golang-go': 'go',
  socat: 'socat',
  postgresql: 'pg_ctlcluster',
  'redis-tools': 'redis-cli',
  'nginx-light': 'nginx',
  haproxy: 'haproxy',
  caddy: 'caddy',
  wrk: 'wrk',
  'nghttp2-client': 'h2load',
  slowhttptest: 'slowhttptest',
  'dnsmasq-base': 'dnsmasq',
  bind9: 'named',
  dnsperf: 'dnsperf',
}

const ENGINE_PACKAGE = 'docker.io'
/** Runs against an engine that it starts itself, beside the one of the machine. */
const OWN_ENGINE_MODE = 'test-engine-current'
const ENGINE_MODES = ['start', 'test', 'test-deno-smoke', 'bench', 'engine', OWN_ENGINE_MODE]
const TEST_MODES = ['test', 'test-deno-smoke', 'bench', OWN_ENGINE_MODE]

/** Whether a mode touches the engine at all; the others need the packages of npm alone. */
export function needsEngine(/** @type {string} */ mode) {
  return ENGINE_MODES.includes(mode)
}

/** @param {{ mode: string, unisolated: boolean, root: boolean }} given */
export function packagesOf({ mode, unisolated, root }) {
  // Without root there is no firewall and no volume, so only the images' busybox is left to ask for.
  if (unisolated && !root) return ['busybox-static']
  const platform = Object.keys(PLATFORM_PACKAGES)
  return TEST_MODES.includes(mode) ? [...platform, ...Object.keys(TEST_PACKAGES)] : platform
}

/**
 * The steps, in order. A refusal is always the only step.
 *
 * @param {Facts} facts
 * @returns {Step[]}
 */
export function plan(facts) {
  if (!needsEngine(facts.mode)) return []
  if (!facts.linux) return [refuse('Cloudlet runs on Linux: it drives a Linux firewall and mounts')]
  if (!facts.root) return withoutRoot(facts)

  const packages = packagesToInstall(facts)
  const silent = facts.engine !== 'answers' && facts.mode !== OWN_ENGINE_MODE
  if (silent && facts.ownSocket) return [refuse(nobodyAt(facts.socket))]
  if (packages.length === 0 && !silent) return [{ do: 'judge-engine' }]

  const lines = linesToType(facts, packages)
  if (facts.checkOnly) return [refuse(missingSentence(facts, packages), lines)]
  if (packages.length > 0 && !facts.debian) {
    return [refuse(missingSentence(facts, packages), lines)]
  }
  return [...installation(facts, packages, lines), ...engineStart(facts)]
}

/** @param {Facts} facts @param {string[]} packages @param {string[]} lines @returns {Step[]} */
function installation(facts, packages, lines) {
  if (packages.length === 0) return []
  return [
    { do: 'announce', packages },
    ...(facts.terminal ? [/** @type {Step} */ ({ do: 'ask', lines })] : []),
    // Only an engine that was not here before is ours to configure.
    { do: 'install', packages, configureEngine: packages.includes(ENGINE_PACKAGE) },
  ]
}

/** @param {Facts} facts @returns {Step[]} */
function engineStart({ engine, systemd, mode }) {
  if (mode === OWN_ENGINE_MODE) return []
  if (engine === 'answers') return [{ do: 'judge-engine' }]
  return [{ do: 'start-engine', by: systemd ? 'systemd' : 'dockerd' }, { do: 'judge-engine' }]
}

/** @param {Facts} facts @returns {string[]} */
function packagesToInstall({ missing, engine, engineInstalled }) {
  // An engine that answers needs no dockerd on this disk, and one that is merely stopped is started.
  const engineHere = engine === 'answers' || engineInstalled
  return missing.filter((name) => name !== ENGINE_PACKAGE || !engineHere)
}

/** @param {Facts} facts @returns {Step[]} */
function withoutRoot(facts) {
  if (!facts.unisolated) {
    return [
      refuse(`Cloudlet needs root beside the engine's socket`, [`sudo npm ${npmWords(facts)}`]),
    ]
  }
  if (facts.engine === 'denied') {
    return [refuse(`This user may not use ${facts.socket}`, ['sudo usermod -aG docker "$USER"'])]
  }
  const packages = packagesToInstall(facts)
  if (facts.engine === 'answers' && packages.length === 0) return [{ do: 'judge-engine' }]
  const lines = linesToType(facts, packages).map((line) => `sudo ${line}`)
  return [refuse(missingSentence(facts, packages), lines)]
}

/** @param {Facts} facts @param {string[]} packages @returns {string[]} */
function linesToType(facts, packages) {
  const names = packages.join(' ')
  const install = facts.debian
    ? ['apt-get update', `apt-get install --no-install-recommends ${names}`]
    : [`# with the packages' names on this system: ${names}`]
  const start = facts.systemd ? 'systemctl start docker' : 'dockerd >/var/log/dockerd.log 2>&1 &'
  return [...(packages.length > 0 ? install : []), ...(facts.engine === 'answers' ? [] : [start])]
}

/** @param {Facts} facts @param {string[]} packages */
function missingSentence(facts, packages) {
  if (packages.length === 0) return nobodyAt(facts.socket)
  return `Cloudlet needs what is not installed here: ${packages.join(', ')}`
}

/** @param {string} socket */
function nobodyAt(socket) {
  return `No Docker Engine answers on ${socket}`
}

/** @param {Facts} facts */
function npmWords({ mode }) {
  return mode === 'start' || mode === 'test' ? mode : `run ${mode.replace('test-', 'test:')}`
}

/** @param {string} sentence @param {string[]} [lines] @returns {Step} */
function refuse(sentence, lines = []) {
  return { do: 'refuse', sentence, lines }
}
