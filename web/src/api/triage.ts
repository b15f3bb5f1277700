// What people think of events: the API's operations and what they speak.
import { address, ask, read, type Search } from './client'
import type { IncidentState } from './incidents'
import type { Problem } from './types'

export const triageStates = ['new', 'acknowledged', 'in progress', 'true positive', 'false positive', 'suppressed'] as const
export type TriageState = (typeof triageStates)[number]
/** Events that stand so are out of the standard view. */
export const hidingStates: readonly TriageState[] = ['false positive', 'suppressed']

export interface Assessment {
    state: TriageState
    expired: boolean
    /** The number of its latest action. */
    action: string
    assignee: string | null
    expires: string | null
    by: string
    at: string | null
    reason: string
    comment: string
}

export interface Action {
    id: string
    at: string
    by: string
    what: 'assess' | 'undo' | 'suppress' | 'change' | 'lift' | 'incident' | 'reopen'
    /** Of an incident, where it is about one. */
    state: TriageState | IncidentState | null
    assignee: string | null
    expires: string | null
    reason: string
    comment: string
    filter?: string
    events?: number
    undoes: string | null
    undoneBy: string | null
    suppression: string | null
}

/** What shall be done to events. */
export interface Judgement { state?: TriageState; assignee?: string; expires?: string; reason?: string; comment?: string }
export interface Assessed { action: string; events: number; more: boolean; complete: boolean }

export async function send<T>(path: string, body: object): Promise<T> {
    const response = await ask(address(path), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
    return (await response.json()) as T
}

/** Of these events, as they were seen. */
export const assess = (events: { key: string; assessment: Assessment | null }[], what: Judgement) =>
    send<Assessed>('triage', { ...what, id: crypto.randomUUID(), events: events.map(({ key, assessment }) => ({ key, seen: assessment?.action ?? '0' })) })

/** Of the newest 10,000 that are found. */
export const assessAll = ({ q, since, until, hidden, state, assignee }: Search, what: Judgement) =>
    send<Assessed>('triage', { ...what, id: crypto.randomUUID(), filter: { q, since, until, hidden, state, assignee } })

export const undo = (action: string, reason = '') => send<{ action: string; events: number; passed: number }>(`triage/actions/${action}/undo`, { id: crypto.randomUUID(), reason })

export const history = async (key: string, signal?: AbortSignal) =>
    (await read<{ actions: Action[] }>(`events/${encodeURIComponent(key)}/history`, {}, signal)).actions

export const actions = (cursor?: string, signal?: AbortSignal) => read<{ actions: Action[]; next: string | null }>('triage/actions', { cursor }, signal)

export const isConflict = (problem: Problem | undefined) => problem?.type === '/problems/assessed-meanwhile' || problem?.type === '/problems/changed-meanwhile'
