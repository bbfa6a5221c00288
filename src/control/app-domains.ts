import type { Settings } from '../config.ts'

/** Domains of the apps, the main one first. */
export const appDomains = ({ CLOUDLET_DOMAIN }: Pick<Settings, 'CLOUDLET_DOMAIN'>): string[] => [
  CLOUDLET_DOMAIN,
  'localhost',
]
