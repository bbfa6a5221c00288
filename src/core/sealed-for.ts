/** Sealed for one tenant and one name: a row that is copied to another does not open there. */
export const broughtPurpose = (tenantId: string, name: string): string =>
  `certificate ${name} that ${tenantId} has brought`
