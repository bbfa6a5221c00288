import type { FirewallPlace } from './firewall.ts'

/**
 * The chains, as nft(8) reads them. Both tables are deleted and made in one transaction, so there is no moment
 * without rules. What is refused is dropped in silence where a scan would learn from an answer, and rejected
 * where a tenant's own policy says no, so that its programs fail at once.
 *
 * Packets between containers of one bridge pass `forward` as well (net.bridge.bridge-nf-call-iptables). IPv6
 * ends at the first rule: no member has such an address.
 */
export const frameOf = (place: FirewallPlace): string => `
add table inet ${place.table}
delete table inet ${place.table}
add table bridge ${place.table}
delete table bridge ${place.table}
${inetTable(place)}
${bridgeTable(place)}
`

/** The engine's own chains are at priority 0: what is dropped here never comes there. */
const BEFORE_THE_ENGINE = -10

const inetTable = ({
  table,
  bridgePrefix,
  resolver,
  ingressPorts,
  mostConnections,
}: FirewallPlace) => `
table inet ${table} {
  set members { type ifname . ether_addr . ipv4_addr; }
  set linked { type ifname . ifname; }
  set ingress_open { type ifname; }
  set smtp_open { type ifname; }
  set egress_open { type ifname; }
  set egress_rules { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
  set never { type ipv4_addr; flags interval; auto-merge; }
  set guarded_in { type ipv4_addr; }
  set guarded_out { type ipv4_addr; }
  set let_in { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
  set let_out { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
  set connections { type ipv4_addr; size 65535; flags dynamic; }

  chain input {
    type filter hook input priority ${BEFORE_THE_ENGINE}; policy accept;
    iifname "${bridgePrefix}*" jump to_host
  }
  chain to_host {
    iifname . ether saddr . ip saddr != @members drop
    ct state established,related accept
    ip daddr ${resolver} meta l4proto { tcp, udp } th dport 53 accept
    iifname @ingress_open ip daddr ${resolver} tcp dport { ${ingressPorts.join(', ')} } accept
    drop
  }

  chain forward {
    type filter hook forward priority ${BEFORE_THE_ENGINE}; policy accept;
    iifname "${bridgePrefix}*" jump from_container
    oifname "${bridgePrefix}*" jump to_container
  }
  chain from_container {
    iifname . ether saddr . ip saddr != @members drop
    oifname "${bridgePrefix}*" iifname . oifname != @linked drop
    ct state related accept
    ct state invalid drop
    ct direction original jump guarded
    ct state established accept
    oifname "${bridgePrefix}*" accept
    ip daddr @never drop
    ct state new add @connections { ip saddr ct count over ${mostConnections} } drop
    iifname @egress_open jump to_world
    ip saddr . ip daddr . meta l4proto . th dport @egress_rules accept
    reject with icmpx admin-prohibited
  }
  chain guarded {
    ip saddr @guarded_out ip saddr . ip daddr . meta l4proto . th dport != @let_out reject with icmpx admin-prohibited
    ip daddr @guarded_in ip daddr . ip saddr . meta l4proto . th dport != @let_in reject with icmpx admin-prohibited
  }
  chain to_world {
    tcp dport 25 iifname != @smtp_open reject with icmpx admin-prohibited
    accept
  }
  chain to_container {
    iifname "${bridgePrefix}*" accept
    ct state established,related accept
    drop
  }
}`

/** Each cable carries what its container's own addresses send, and nothing else. */
const bridgeTable = ({ table }: FirewallPlace) => `
table bridge ${table} {
  set ports { type ifname; }
  set hardware { type ifname . ether_addr; }
  set pins { type ifname . ether_addr . ipv4_addr; }

  chain prerouting {
    type filter hook prerouting priority -300; policy accept;
    iifname @ports jump cable
  }
  chain cable {
    iifname . ether saddr != @hardware drop
    ether type arp iifname . arp saddr ether . arp saddr ip @pins accept
    ether type ip iifname . ether saddr . ip saddr @pins accept
    drop
  }
}`
