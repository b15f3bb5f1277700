// What the console's API speaks, as src/console/openapi.yaml says. Every value of an output field is exact text.

import type { Assessment } from './triage'

export const priorities = [
    'Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug',
] as const
export type Priority = (typeof priorities)[number]

export interface Problem {
    type: string
    title: string
    status: number
    detail?: string
    parameter?: string
    /** Of a filter, from 1, in characters (code points). */
    column?: number
    length?: number
}

export interface DemoUser { name: string; title: string }
export interface WayToSignIn { kind: string; users?: DemoUser[]; title?: string; href?: string }

export interface Me {
    user: string
    kind: string
    everything: boolean
    projects: string[]
    mayReplay: boolean
    mayTriage: boolean
    ends: string
    version: string
    stores: string[]
}

export interface ClusterName {
    identity: string
    project?: string | null
    name?: string | null
    landscape?: string | null
}

export interface EventHead {
    key: string
    uuid: string
    received: string
    time: string
    priority: Priority
    rule: string
    cluster: ClusterName
    hostname: string | null
    source: string | null
    tags: string[]
    flags: string[]
    /** Null: nobody has ever assessed it. */
    assessment: Assessment | null
    output: string | null
}

export interface EventSummary extends EventHead { fields: Record<string, string | null> }

export interface EventPage {
    events: EventSummary[]
    next: string | null
    complete: boolean
    reached: string
    tail?: string
}

export type FieldKind = 'string' | 'number' | 'boolean' | 'null' | 'list' | 'object'
export interface Field { name: string; kind: FieldKind; text: string }

export interface FullEvent extends EventHead {
    fields: Field[]
    extra: Field[]
    raw: { href: string; exact: 'bytes' | 'values' }
    store: string
}

export interface FieldName { name: string; kind: 'text' | 'priority' | 'time' | 'field'; short?: string }

export interface FacetValue { value: string; count: number; title?: string }
export interface Facet { field: string; values: FacetValue[]; more: boolean; exact: boolean }

export interface Bucket { at: string; count: number; priorities: Partial<Record<Priority, number>> }
export interface Histogram {
    since: string
    until: string
    /** Seconds. */
    step: number
    total: number
    exact: boolean
    reached?: string
    buckets: Bucket[]
}

export interface Sight { state: 'healthy' | 'late' | 'silent' | 'blind'; reason: string; message: string; since: string }

export interface Cluster {
    cluster: ClusterName
    sight: Sight | null
    firstSeen: string
    lastEvent: string | null
    events24h: number
    quota: { limited: boolean; daily: number | null; left: number | null }
    quarantined: number
    lost: { overQuota: number; quarantineFull: number; tokenRefused: number; bytesNotKept: number }
}

export interface QuarantinedBody {
    id: string
    received: string
    cluster: ClusterName
    about: string
    reason: string
    bytes: number
    replayed: string | null
    text?: string
}
