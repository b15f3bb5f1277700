// Incidents: the API's operations and what they speak.
import { read } from './client'
import { type Action, send } from './triage'
import type { ClusterName, EventSummary, Priority } from './types'

export const incidentStates = ['open', 'acknowledged', 'in progress', 'resolved', 'ignored'] as const
export type IncidentState = (typeof incidentStates)[number]
/** Somebody has yet to do something about these. */
export const pendingStates: IncidentState[] = ['open', 'acknowledged', 'in progress']

export interface Series {
    since: string
    /** Seconds. */
    step: number
    counts: number[]
}
export interface Workload { kind: 'pod' | 'container' | 'node' | 'others'; namespace: string; name: string }
export interface Incident {
    id: string
    cluster: ClusterName
    rule: string
    workload: Workload
    priority: Priority
    count: number
    first: string
    last: string
    state: IncidentState
    /** It was resolved, and has happened again. */
    reopened: boolean
    assignee: string | null
    /** The number of its latest action. */
    action: string
    series: Series
}
export interface WholeIncident { incident: Incident; actions: Action[]; sameRule: Incident[]; sameWorkload: Incident[] }

export interface IncidentSearch { q: string; state?: string[]; assignee?: string; since?: string }
export const incidents = (search: IncidentSearch, cursor?: string, signal?: AbortSignal) =>
    read<{ incidents: Incident[]; next: string | null }>('incidents', { ...search, cursor }, signal)
export const incident = (id: string, signal?: AbortSignal) => read<WholeIncident>(`incidents/${encodeURIComponent(id)}`, {}, signal)

/** What shall be made of incidents. */
export interface Verdict { state?: IncidentState; assignee?: string; reason?: string; comment?: string }
/** As they were seen. */
export const act = (on: Incident[], what: Verdict) =>
    send<{ action: string; incidents: number }>('incidents/triage', { ...what, id: crypto.randomUUID(), incidents: on.map(({ id, action }) => ({ id, seen: action })) })

export interface Sighting { cluster: ClusterName; first: string; last: string; count: number }
export interface FirstSeen {
    image: string | null
    since: string
    here: Sighting | null
    earliest: Sighting | null
    clusters: number
    isFirstHere: boolean
    isFirst: boolean
    incident: { id: string; state: IncidentState; count: number; first: string; last: string } | null
}
export const firstSeen = (key: string, signal?: AbortSignal) => read<FirstSeen>(`events/${encodeURIComponent(key)}/first-seen`, {}, signal)

export interface SimilarEvents { similar: { event: EventSummary; same: string[] }[]; looked: number; complete: boolean; reached: string }
export const similar = (key: string, signal?: AbortSignal) => read<SimilarEvents>(`events/${encodeURIComponent(key)}/similar`, {}, signal)
