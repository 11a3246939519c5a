/** The regions that the twin knows, by the geography that each belongs to. */
import { Refusal } from '../route.ts'

const GEOGRAPHIES: Readonly<Record<string, readonly string[]>> = {
  australia: ['australiaeast', 'australiasoutheast', 'australiacentral'],
  brazil: ['brazilsouth'],
  canada: ['canadacentral', 'canadaeast'],
  europe: ['northeurope', 'westeurope'],
  france: ['francecentral', 'francesouth'],
  germany: ['germanywestcentral', 'germanynorth'],
  india: ['centralindia', 'southindia', 'westindia'],
  italy: ['italynorth'],
  japan: ['japaneast', 'japanwest'],
  korea: ['koreacentral', 'koreasouth'],
  norway: ['norwayeast', 'norwaywest'],
  poland: ['polandcentral'],
  'south-africa': ['southafricanorth', 'southafricawest'],
  'asia-pacific': ['eastasia', 'southeastasia'],
  spain: ['spaincentral'],
  sweden: ['swedencentral', 'swedensouth'],
  switzerland: ['switzerlandnorth', 'switzerlandwest'],
  uae: ['uaenorth', 'uaecentral'],
  uk: ['uksouth', 'ukwest'],
  'united-states': ['centralus', 'eastus', 'eastus2', 'northcentralus', 'southcentralus', 'westcentralus', 'westus', 'westus2', 'westus3'],
}
const LOCATIONS = Object.values(GEOGRAPHIES).flat()

/**
 * Brings a location into its short form: `West Europe` is `westeurope`.
 * @throws Refusal LocationNotAvailableForResourceType
 */
export function requireLocation(location: string): string {
  const name = location.replaceAll(' ', '').toLowerCase()
  if (LOCATIONS.includes(name)) return name
  const message = `The provided location '${location.slice(0, 90)}' is not available. List of available regions is '${LOCATIONS.join(',')}'.`
  throw new Refusal(400, 'LocationNotAvailableForResourceType', message)
}

/** @returns the geography of a location in its short form; a backup of a key can only be restored within it */
export function geographyOf(location: string): string {
  const found = Object.entries(GEOGRAPHIES).find(([, locations]) => locations.includes(location))
  return found?.[0] ?? location
}
