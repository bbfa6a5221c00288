/** Routes inside containers, where the engine cannot be told which network has the default one. */
export interface DefaultRoutes {
  /** Has everything that is not for a network of the container go by that gateway. */
  set(netns: string, gateway: string, signal: AbortSignal): Promise<void>
}
