import { appOfFront, type ApiFront } from '../core/api-front.ts'
import type { Challenge } from '../core/challenges.ts'
import type { HealthReport, Member, RouteTable } from '../core/route-table.ts'
import {
  NO_HEALTH,
  choose,
  compileRouting,
  healthOf,
  mergeHealth,
  pruneHealth,
} from '../core/routing.ts'
import type { App, Choice, Health, Routing } from '../core/routing.ts'
import type { TlsSettings } from '../core/server-names.ts'

/** News for the ingress: a table, or what TLS needs, replaces the one before, reports are merged into what is known. */
export interface News {
  readonly table?: RouteTable
  readonly health?: readonly HealthReport[]
  readonly tls?: TlsSettings
  readonly challenges?: readonly Challenge[]
}

/** What the ingress knows of the world: the last table, and the health since. */
export class RoutingView {
  #routing: Routing | undefined
  #health: Health = NO_HEALTH
  #via = 'cloudlet'
  #front: App | undefined
  #members: readonly Member[] = []
  /** What was chosen since the last news; without news nothing else would be. */
  readonly #chosen = new Map<App, Choice>()

  /** Our name in Via, told apart from other instances' that a request may pass. */
  get via(): string {
    return this.#via
  }

  /** There is a table at all. */
  get isReady(): boolean {
    return this.#routing !== undefined
  }

  /** Everybody who may be asked: the table's, and the platform's API. */
  get members(): readonly Member[] {
    return [...this.#members, ...(this.#front?.members ?? [])]
  }

  updateFront(front: ApiFront | undefined): void {
    this.#front = front === undefined ? undefined : appOfFront(front)
    this.#chosen.clear()
  }

  /** False: the table is older than the present one, and was not taken. */
  updateTable(table: RouteTable): boolean {
    const present = this.#routing
    if (present?.instance === table.instance && table.version < present.version) return false
    const routing = compileRouting(table)
    this.#routing = routing
    this.#members = table.members
    this.#health = pruneHealth(this.#health, table)
    this.#via = `cloudlet-${table.instance.replaceAll(/[^A-Za-z0-9-]/g, '')}`
    this.#chosen.clear()
    return true
  }

  updateHealth(reports: readonly HealthReport[]): void {
    this.#health = mergeHealth(this.#health, reports)
    this.#chosen.clear()
  }

  /** Whether there is an app of that key. */
  knows(key: string): boolean {
    const { apps, pools } = this.#routing ?? { apps: undefined, pools: undefined }
    return apps?.has(key) === true || pools?.has(key) === true || this.#front?.key === key
  }

  /** A container finds its own tenant's apps alone: of others, and of the API, it is not told that there are any. */
  find(host: string, from: number | null): App | undefined {
    const isApi = host === this.#front?.front?.host
    const app = isApi ? this.#front : this.#routing?.find(host)
    if (app === undefined || from === null) return app
    const tenant = this.#routing?.tenantAt(from) ?? null
    return tenant === null || tenant === app.tenant ? app : undefined
  }

  /**
   * The certificate was another tenant's (RFC 9110 §15.5.20): a connection that a browser reuses for a name
   * that its certificate does not stand for must not get there.
   */
  isMisdirected({ tenant }: App, host: string, serverName: string | null): boolean {
    if (serverName === null || serverName === host) return false
    return this.find(serverName, null)?.tenant !== tenant
  }

  choose(app: App): Choice {
    const known = this.#chosen.get(app)
    if (known !== undefined) return known
    const choice = choose(app, this.#health)
    this.#chosen.set(app, choice)
    return choice
  }

  /** The health checks have found this run of the member healthy; without a check nobody has. */
  isReportedHealthy(member: Member): boolean {
    return member.check !== null && healthOf(member, this.#health) === 'healthy'
  }
}
