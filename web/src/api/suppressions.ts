// Suppressions: the API's operations and what they speak.
import { address, ask, read } from './client'
import { send } from './triage'

export interface Scope { filter: string; project?: string; clusters?: string[] }
export interface Suppression {
    id: string
    filter: string
    project: string | null
    clusters: string[]
    reason: string
    owner: string
    by: string
    at: string
    expires: string
    lifted: string | null
    holds: boolean
}
export interface Preview { events: number; clusters: number; days: number; since: string; exact: boolean; most: { cluster: string; events: number }[] }
/** What Falco is told, and how that fares with events that were looked at. */
export interface SaidToFalco {
    yaml: string | null
    reasons: string[]
    notes: string[]
    found: number
    silenced: number
    unknown: number
    others: number
    othersSilenced: number
    othersUnknown: number
}

export const suppressions = async (past: boolean, signal?: AbortSignal) =>
    (await read<{ suppressions: Suppression[] }>('suppressions', { past: past || undefined }, signal)).suppressions
export const preview = (scope: Scope, days: number) => send<Preview>('suppressions/preview', { ...scope, days })
export const suppress = (id: string, scope: Scope, more: { reason: string; owner?: string; expires?: string }) => send<Suppression>('suppressions', { id, ...scope, ...more })
export const extend = (id: string, expires: string, why: string) => send<Suppression>(`suppressions/${id}`, { id: crypto.randomUUID(), expires, why })
export const lift = (id: string, why: string) => send<Suppression>(`suppressions/${id}/lift`, { id: crypto.randomUUID(), why })
export const exception = async (id: string, signal?: AbortSignal) => (await (await ask(address(`suppressions/${id}/exception`, { format: 'json' }), { signal })).json()) as SaidToFalco
export const exceptionAddress = (id: string) => address(`suppressions/${id}/exception`)
