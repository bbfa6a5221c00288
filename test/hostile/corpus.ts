/**
 * What has broken out of containers, or through the fronts of engines, as fields of a request. Each row
 * is one class of threat; the test sends every field to every endpoint that takes a body.
 */
export interface ForeignFields {
  readonly threat: string
  readonly what: string
  /** Fields of the engine's own API, which no body of ours has. */
  readonly fields: Readonly<Record<string, unknown>>
}

const BIND = ['/:/host', '/var/run/docker.sock:/s', '../x:/y', '//:/h', './link:/l']
const DRIVER = { Name: 'local', Options: { type: 'none', o: 'bind', device: '/' } }
const EVERYTHING = { Binds: BIND, Privileged: true, PidMode: 'host', CapAdd: ['ALL'] }

export const FOREIGN: readonly ForeignFields[] = [
  { threat: 'A01', what: 'host paths', fields: { Binds: BIND, binds: BIND, volumes: BIND } },
  {
    threat: 'A02',
    what: 'mounts of any type, in any case',
    fields: {
      Mounts: [{ Type: 'bind', Source: '/', Target: '/h' }],
      mounts: [{ Type: 'BIND', Source: '/', Target: '/h' }, { Type: 'npipe' }, { Type: '' }],
    },
  },
  {
    threat: 'A03',
    what: 'a volume whose driver binds a host path',
    fields: { Mounts: [{ Type: 'volume', Target: '/h', VolumeOptions: { DriverConfig: DRIVER } }] },
  },
  {
    threat: 'A04',
    what: 'volume drivers',
    fields: { VolumeDriver: 'local', DriverOpts: DRIVER.Options, ClusterVolumeSpec: {} },
  },
  { threat: 'A05', what: 'anonymous volumes', fields: { Volumes: { '/data': {} } } },
  { threat: 'A06', what: 'privilege', fields: { Privileged: true, privileged: true } },
  {
    threat: 'A07',
    what: 'networks of the host, of containers and of others',
    fields: {
      NetworkMode: 'host',
      networkMode: 'container:abc',
      network: 'ns:/proc/1/ns/net',
      NetworkingConfig: { EndpointsConfig: { bridge: {}, 'cl-other-network-1': {} } },
    },
  },
  {
    threat: 'A08',
    what: 'namespaces of the host and of neighbours',
    fields: {
      PidMode: 'host',
      IpcMode: 'container:abc',
      UTSMode: 'host',
      UsernsMode: 'host',
      CgroupnsMode: 'host',
      Cgroup: 'container:abc',
    },
  },
  {
    threat: 'A09',
    what: 'capabilities',
    fields: { CapAdd: ['SYS_ADMIN'], CapDrop: [], Capabilities: ['ALL'], capabilities: ['all'] },
  },
  {
    threat: 'A10',
    what: 'walls taken down by security options',
    fields: {
      SecurityOpt: ['seccomp=unconfined', 'apparmor:unconfined', 'no-new-privileges=false'],
      securityOpt: ['systempaths=unconfined', 'label=disable'],
    },
  },
  { threat: 'A11', what: 'masks', fields: { MaskedPaths: [], ReadonlyPaths: [] } },
  {
    threat: 'A12',
    what: 'devices',
    fields: {
      Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda' }],
      DeviceRequests: [{ Driver: 'nvidia', Count: -1 }],
      DeviceCgroupRules: ['a *:* rwm'],
    },
  },
  { threat: 'A13', what: 'sysctls', fields: { Sysctls: { 'kernel.shmmax': '1' } } },
  { threat: 'A14', what: 'runtimes by name', fields: { Runtime: 'io.containerd.runc.v2' } },
  {
    threat: 'A15',
    what: 'ways out of the tenant’s share',
    fields: {
      CgroupParent: '/',
      cgroupParent: '/',
      CpuRealtimeRuntime: 1,
      CpusetCpus: '0',
      CpusetMems: '0',
      OomScoreAdj: -1000,
      OomKillDisable: true,
      MemorySwappiness: 100,
      BlkioWeight: 1000,
    },
  },
  {
    threat: 'A16',
    what: 'limits by the engine’s names',
    fields: {
      PidsLimit: -1,
      MemorySwap: -1,
      CpuQuota: -1,
      CpuPeriod: 1,
      NanoCpus: 0,
      KernelMemory: 1,
      Memory: 0,
    },
  },
  {
    threat: 'A17',
    what: 'limits of processes, file systems in memory',
    fields: {
      Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }],
      ShmSize: 2 ** 40,
      Tmpfs: { '/x': 'exec,dev,suid,size=0,nr_inodes=0' },
    },
  },
  {
    threat: 'A18',
    what: 'log drivers, which the engine itself would talk to',
    fields: { LogConfig: { Type: 'syslog', Config: { 'syslog-address': 'unix:///x' } } },
  },
  { threat: 'A19', what: 'annotations', fields: { Annotations: { 'run.oci.hooks': '/x' } } },
  {
    threat: 'A20',
    what: 'names of others',
    fields: {
      Links: ['other:x'],
      VolumesFrom: ['other'],
      ExtraHosts: ['api:host-gateway'],
      GroupAdd: ['0'],
      Dns: ['8.8.8.8'],
      DnsOptions: ['ndots:9'],
      Domainname: 'x',
      Hostname: 'x',
    },
  },
  {
    threat: 'A21',
    what: 'ports of the host',
    fields: {
      PortBindings: { '53/udp': [{ HostIp: '0.0.0.0', HostPort: '53' }] },
      PublishAllPorts: true,
    },
  },
  {
    threat: 'A22',
    what: 'addresses',
    fields: { MacAddress: '02:00:00:00:00:01', IPAMConfig: { IPv4Address: '10.208.0.53' } },
  },
  { threat: 'A24', what: 'other ways to an image', fields: { fromSrc: 'http://x', platform: 'x' } },
  { threat: 'A27', what: 'checks that the engine runs', fields: { Healthcheck: { Interval: 1 } } },
  { threat: 'A28', what: 'restarts by the engine', fields: { RestartPolicy: { Name: 'always' } } },
  { threat: 'A31', what: 'a root that is written', fields: { ReadonlyRootfs: false } },
  {
    threat: 'top level',
    what: 'the whole host configuration, beside the fields or under a name that folds to its own',
    fields: {
      ...EVERYTHING,
      HostConfig: EVERYTHING,
      hostconfig: EVERYTHING,
      'Bind\u017f': BIND,
      'Networ\u212aMode': 'host',
    },
  },
]

/** Paths of the engine's own API, each with what it would do there. */
export const FOREIGN_PATHS: readonly {
  readonly threat: string
  readonly line: `${string} /${string}`
}[] = [
  ...[
    'update',
    'exec',
    'commit',
    'checkpoints',
    'export',
    'changes',
    'archive',
    'attach/ws',
    'top',
    'kill',
    'pause',
  ].map((word) => ({
    threat: 'A33',
    line: `POST /v1/tenants/acme/containers/web/${word}` as const,
  })),
  ...[
    'containers/create',
    'volumes/create',
    'networks/create',
    'build',
    'images/load',
    'plugins/pull',
    'swarm/init',
    'services/create',
    'secrets/create',
    'session',
    'grpc',
    'auth',
    'system/df',
    'exec/x/start',
  ].flatMap((path) => [
    { threat: 'A34', line: `POST /${path}` as const },
    { threat: 'A34', line: `POST /v1/${path}` as const },
    { threat: 'A34', line: `POST /v1.41/${path}` as const },
  ]),
]
