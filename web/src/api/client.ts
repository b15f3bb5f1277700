// The console's API, one function per operation. Each rejects with an ApiProblem, or an AbortError if it was cancelled.
import type {
    Cluster, EventPage, Facet, FieldName, FullEvent, Histogram, Me, Problem, QuarantinedBody, WayToSignIn,
} from './types'

/** What went wrong, in the API's words; `/problems/unreachable` if there was no answer at all. */
export class ApiProblem extends Error {
    constructor(readonly problem: Problem, readonly retryAfter?: number) {
        super(problem.detail ?? problem.title)
    }
}

/** What is searched for: a filter and a span of receipt times (RFC 3339, or relative to now as `-24h`). */
export interface Search {
    q: string
    since?: string
    until?: string
    /** Events that are out of the standard view. */
    hidden?: 'with' | 'without' | 'only'
    /** Only those that stand so. */
    state?: string[]
    assignee?: string
}

type Query = Record<string, string | number | boolean | string[] | undefined>

/** The address of an operation with those parameters that are given. */
export function address(path: string, query: Query = {}): string {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
        if (value === undefined || value === '') continue
        for (const each of Array.isArray(value) ? value : [value]) parameters.append(name, String(each))
    }
    const text = parameters.toString()
    return `/api/v1/${path}${text ? `?${text}` : ''}`
}

let onSignedOut: () => void = () => {}
/** Called whenever the API says that nobody is signed in (any more). */
export function whenSignedOut(then: () => void): void { onSignedOut = then }
/** The tail says so inside of its stream. */
export function sessionEnded(): void { onSignedOut() }

async function problemOf(response: Response): Promise<Problem> {
    const unknown = { type: '/problems/internal', title: `The console answered ${response.status}`, status: response.status }
    try {
        return { ...unknown, ...((await response.json()) as Partial<Problem>) }
    } catch {
        return unknown
    }
}

/** Like fetch, but every answer that is no success is an ApiProblem. */
export async function ask(to: string, init: RequestInit = {}): Promise<Response> {
    let response: Response
    try {
        response = await fetch(to, {
            ...init,
            credentials: 'same-origin',
            headers: { 'X-Requested-With': 'falconer', ...init.headers },
        })
    } catch (error) {
        if (init.signal?.aborted) throw error
        throw new ApiProblem({ type: '/problems/unreachable', title: 'The console does not answer', status: 0 })
    }
    if (response.ok) return response
    const problem = await problemOf(response)
    if (problem.type === '/problems/not-signed-in') onSignedOut()
    throw new ApiProblem(problem, Number(response.headers.get('Retry-After')) || undefined)
}

function slept(seconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done) => {
        const timer = setTimeout(finish, seconds * 1000)
        function finish() {
            clearTimeout(timer)
            signal?.removeEventListener('abort', finish)
            done()
        }
        signal?.addEventListener('abort', finish)
    })
}

/** Who is told to come again soon does so, a few times: what was given up counts for a moment longer on the server. */
export async function read<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    for (let again = 3; ; --again) {
        try {
            return (await (await ask(address(path, query), { signal })).json()) as T
        } catch (error) {
            if (again === 0 || !(error instanceof ApiProblem) || error.problem.status !== 429 || !error.retryAfter || error.retryAfter > 5) throw error
            await slept(error.retryAfter, signal)
        }
    }
}

export const waysToSignIn = async () => (await read<{ ways: WayToSignIn[] }>('sign-in')).ways
export const me = () => read<Me>('me')

/** What shows who one is: a demo user's password, or something of the garden's. */
export type Proof = { user: string; password: string } | { token: string } | { kubeconfig: string }

export async function signIn(proof: Proof): Promise<Me> {
    const response = await ask(address('session'), {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(proof),
    })
    return (await response.json()) as Me
}

export async function signOut(): Promise<void> { await ask(address('session'), { method: 'DELETE' }) }

export const fields = async (signal?: AbortSignal) => (await read<{ fields: FieldName[] }>('fields', {}, signal)).fields

export interface PageOptions { limit?: number; cursor?: string; fields?: string[] }
export const events = (search: Search, options: PageOptions, signal?: AbortSignal) =>
    read<EventPage>('events', { ...search, ...options, fields: options.fields?.join(',') }, signal)

export const event = (key: string, signal?: AbortSignal) => read<FullEvent>(`events/${encodeURIComponent(key)}`, {}, signal)

/** The event's JSON as text: a number keeps all its digits. */
export const rawEvent = async (key: string, signal?: AbortSignal) =>
    (await ask(address(`events/${encodeURIComponent(key)}/raw`), { signal })).text()

export interface FacetOptions { field: string[]; limit?: number; prefix?: string }
export const facets = async (search: Search, options: FacetOptions, signal?: AbortSignal) =>
    (await read<{ facets: Facet[] }>('facets', { ...search, ...options }, signal)).facets

export const histogram = (search: Search, buckets: number, signal?: AbortSignal) =>
    read<Histogram>('histogram', { ...search, buckets }, signal)

export const exportAddress = (search: Search, format: 'csv' | 'ndjson', columns: string[]) =>
    address('export', { format, ...search, fields: format === 'csv' ? columns.join(',') : undefined })

export interface ClusterPage { clusters: Cluster[]; next: string | null }
export const clusters = (search: string, cursor?: string, signal?: AbortSignal) =>
    read<ClusterPage>('clusters', { search, cursor }, signal)

export interface QuarantinePage { bodies: QuarantinedBody[]; next: string | null }
export const quarantine = (cluster: string, replayed: boolean, cursor?: string, signal?: AbortSignal) =>
    read<QuarantinePage>('quarantine', { cluster, replayed: replayed || undefined, cursor }, signal)
export const quarantinedBody = (id: string) => read<QuarantinedBody>(`quarantine/${id}`)
export const quarantinedBytesAddress = (id: string) => address(`quarantine/${id}/body`)

/** Stores a quarantined body as an event; its key. */
export async function replay(id: string): Promise<string> {
    const response = await ask(address(`quarantine/${id}/replay`), { method: 'POST' })
    return ((await response.json()) as { key: string }).key
}
