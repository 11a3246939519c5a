/** Stations: only the one that holds the baton writes, only a transfer moves the baton, and who gets it shows its state first. */
import type { Arrived, HandedOver, Received } from '../entry.ts'
import type { History } from '../history.ts'
import type { Course } from './course.ts'
import { type Checked, type Report, shown } from './report.ts'

/** Kinds that need a station that has arrived. */
const WORK: readonly string[] = ['intent', 'outcome', 'skipped', 'resolution', 'closed']

export function stationRules({ entry, report }: Checked, history: History, course: Course | undefined): void {
  if (entry.kind !== 'opened') {
    const holder = batonHolder(entry.kind, history)
    if (entry.station !== holder) report('station/baton', `written by ${entry.station}`, `the station that holds the baton: ${holder}`)
  }
  if (WORK.includes(entry.kind) && !history.arrived)
    report('station/arrived', `${entry.kind} before ${entry.station} has shown its state`, '`arrived` first')
  if (entry.kind === 'handed-over') handedOver(entry, history, report)
  else if (entry.kind === 'received') received(entry, history, report)
  else if (entry.kind === 'arrived') arrived(entry, entry.station, history, course, report)
}

/** @returns who may write an entry of that kind */
function batonHolder(kind: string, { station, handedOverTo }: History): string {
  if (kind === 'received') return handedOverTo ?? 'nobody: nothing was handed over'
  return handedOverTo === undefined ? station : `nobody: ${handedOverTo} has not received it yet`
}

function handedOver({ to }: HandedOver, { open }: History, report: Report): void {
  const asked = open?.intent.action === 'transfer' ? (open.intent.inputs as { to?: unknown } | null)?.to : undefined
  if (asked !== to)
    report('station/hand-over', `to ${to}`, asked === undefined ? 'an open `transfer` step' : `to ${asked}, as the step says`)
}

function received({ from }: Received, history: History, report: Report): void {
  if (from !== history.station) report('station/received', `from ${from}`, `from ${history.station}`)
}

/** Where the runbook wants a station without a network, its evidence shows none, or everyone waived it. */
function arrived({ evidence, waiver }: Arrived, station: string, history: History, course: Course | undefined, report: Report): void {
  if (history.arrived)
    report('station/arrived', `${station} shows its state again`, 'once for each time that the ceremony comes to a station')
  const stations = course?.runbook.stations ?? {}
  if (waiver || !Object.hasOwn(stations, station) || stations[station]!.network !== 'none') return
  const { network, default_route } = evidence
  if (Array.isArray(network) && network.length === 0 && default_route === false) return
  report('station/network', shown(JSON.stringify({ network, default_route })), `evidence that ${station} has no network, or a waiver`)
}
