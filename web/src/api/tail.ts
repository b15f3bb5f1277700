// Follows new events over /api/v1/tail for as long as it is wanted, across broken connections.
import { ServerEventParser } from '@/pure/sse'
import { address, ApiProblem, ask, sessionEnded } from './client'
import { isAbort } from './problems'
import type { EventSummary } from './types'

export type TailState = 'connecting' | 'live' | 'broken'

export interface TailListener {
    onEvent(event: EventSummary): void
    /** So many were left out. */
    onLost(count: number): void
    /** The place is no longer known: what came meanwhile is not told, the list must be loaded anew. */
    onGap(): void
    onState(state: TailState, problem?: ApiProblem): void
}

export interface TailOptions {
    q: string
    hidden?: string
    state?: string[]
    assignee?: string
    fields: string[]
    from?: string
    signal: AbortSignal
    /** Milliseconds; doubled at each failure in a row. */
    firstPause?: number
    longestPause?: number
    /** Milliseconds after which a page that nobody looks at gives its connection back: a browser has six for all its tabs. */
    unseen?: number
    /** Milliseconds without a byte after which the connection counts as broken; the server speaks every 15 s. */
    silence?: number
}

/** Ends when the signal aborts, when nobody is signed in any more, or with onGap. Never rejects. */
export async function follow(options: TailOptions, listener: TailListener): Promise<void> {
    const { signal, firstPause = 1000, longestPause = 30_000 } = options
    const place = { id: undefined as string | undefined }
    let pause = firstPause
    while (!signal.aborted) {
        await seen(signal)
        if (signal.aborted) return
        listener.onState('connecting')
        let wait = pause
        let problem: ApiProblem | undefined
        try {
            const heard = await stream(options, place, listener)
            if (heard.end === 'session') return sessionEnded()
            if (heard.end === 'again') continue // other suppressions hold now
            if (heard.any) pause = wait = firstPause
        } catch (error) {
            if (signal.aborted || isAbort(error)) return
            if (error instanceof ApiProblem) {
                problem = error
                const { status } = error.problem
                if (status === 410) return listener.onGap()
                if (status === 401) return
                if (status === 400) return listener.onState('broken', error)
                if (error.retryAfter) wait = error.retryAfter * 1000
            }
        }
        if (signal.aborted) return
        listener.onState('broken', problem)
        await slept(wait, signal)
        pause = Math.min(pause * 2, longestPause)
    }
}

function slept(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
        const timer = setTimeout(finish, milliseconds)
        function finish() {
            clearTimeout(timer)
            signal.removeEventListener('abort', finish)
            done()
        }
        signal.addEventListener('abort', finish)
    })
}

/** Until somebody looks at the page (again). */
function seen(signal: AbortSignal): Promise<void> {
    return new Promise((done) => {
        function look() {
            if (isHidden() && !signal.aborted) return
            globalThis.document?.removeEventListener('visibilitychange', look)
            signal.removeEventListener('abort', look)
            done()
        }
        globalThis.document?.addEventListener('visibilitychange', look)
        signal.addEventListener('abort', look)
        look()
    })
}

const isHidden = () => globalThis.document?.hidden === true

async function stream(options: TailOptions, place: { id?: string }, listener: TailListener): Promise<{ any: boolean; end?: string }> {
    const cut = new AbortController()
    const abort = () => cut.abort()
    options.signal.addEventListener('abort', abort)
    let watch: ReturnType<typeof setTimeout> | undefined
    const heardNow = () => {
        clearTimeout(watch)
        watch = setTimeout(abort, options.silence ?? 45_000)
    }
    heardNow()
    let leave: ReturnType<typeof setTimeout> | undefined
    const look = () => {
        clearTimeout(leave)
        if (isHidden()) leave = setTimeout(abort, options.unseen ?? 10_000)
    }
    globalThis.document?.addEventListener('visibilitychange', look)
    let any = false
    try {
        const { q, hidden, state, assignee } = options
        const response = await ask(address('tail', { q, hidden, state, assignee, fields: options.fields.join(','), from: options.from }), {
            signal: cut.signal, headers: { Accept: 'text/event-stream', ...(place.id ? { 'Last-Event-ID': place.id } : {}) },
        })
        listener.onState('live')
        const parser = new ServerEventParser()
        const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
        for (;;) {
            const { done, value } = await reader.read()
            if (done) return { any }
            heardNow()
            for (const each of parser.feed(value)) {
                any = true
                if (each.id !== undefined) place.id = each.id
                const data = JSON.parse(each.data) as unknown
                if (each.event === 'event') listener.onEvent(data as EventSummary)
                else if (each.event === 'lost') listener.onLost((data as { count: number }).count)
                else if (each.event === 'end') return { any, end: (data as { reason: string }).reason }
            }
        }
    } catch (error) {
        // Our own cut is a broken connection, not somebody's wish.
        if (cut.signal.aborted && !options.signal.aborted) return { any }
        if (error instanceof TypeError) return { any } // the stream broke off
        throw error
    } finally {
        clearTimeout(watch)
        clearTimeout(leave)
        globalThis.document?.removeEventListener('visibilitychange', look)
        options.signal.removeEventListener('abort', abort)
    }
}
