/** Any text file does: the platform is a fake. */
const FILE = import.meta.filename

/** Command lines about networks, and what each prints. */
export const NETWORK_LINES: Readonly<Record<string, readonly [string, RegExp]>> = {
  'network create': ['network create back --egress tcp:443@203.0.113.0/24', /^default 10\./],
  'network ls': ['network ls', /default +10\.208\.1\.0\/24 +ready +closed +tcp:443@203/],
  'network inspect': ['network inspect default', /189 of 190 free\nMembers +hello 10\.208/],
  'network set': ['network set default --egress none', /^Network +default\n/],
  'network attach': ['network attach back hello --alias db', /^hello: default 10\.208\.1\.2\n$/],
  'network detach': ['network detach back hello', /^hello: default 10\.208\.1\.2\n$/],
  'network rm': ['network rm back', /^back\n$/],
  'firewall create': ['firewall create db --ingress tcp:5432@web', /^db\n$/],
  'firewall ls': ['firewall ls', /db +tcp:5432@web +open/],
  'firewall inspect': [
    'firewall inspect db',
    /Ingress +tcp:5432@web\nEgress +open\nContainers +hello/,
  ],
  'firewall set': ['firewall set db --ingress none', /^Firewall +db\n/],
  'firewall attach': ['firewall attach db hello', /^hello: no firewall\n$/],
  'firewall detach': ['firewall detach db hello', /^hello: no firewall\n$/],
  'firewall rm': ['firewall rm db', /^db\n$/],
  'certificate set': [`certificate set shop --chain ${FILE} --key ${FILE}`, /^Certificate +shop\n/],
  'certificate ls': ['certificate ls', /shop +\*\.demo\.cloud\.local +2026-04-02/],
  'certificate inspect': ['certificate inspect shop', /\nIssuer +O=Example\n/],
  'certificate rm': ['certificate rm shop', /^shop\n$/],
  'peering create': ['peering create default --offer-to zeta', /^Peering +p0000000000000bb\n/],
  'peering ls': ['peering ls', /offered \(sent\) +default 10\.208\.1\.0\/24 +zeta +-/],
  'peering inspect': [`peering inspect p0000000000000bb`, /Peer +zeta\n/],
  'peering accept': ['peering accept p0000000000000bb default', /^Peering +p0000000000000bb\n/],
  'peering rm': ['peering rm p0000000000000bb', /^p0000000000000bb\n$/],
}
