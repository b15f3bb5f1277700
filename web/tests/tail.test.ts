import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiProblem, events, sessionEnded, whenSignedOut } from '@/api/client'
import { follow, type TailListener } from '@/api/tail'
import { settingsFrom } from '@/state/settings'
import { ServerEventParser } from '@/pure/sse'

describe('server-sent events', () => {
    it('are the same however the stream is cut', () => {
        const text = ': hello\r\nevent: event\r\nid: 7\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata\n\nid: 8\ndata: x\n\nevent: position\n\n'
        const whole = new ServerEventParser().feed(text)
        expect(whole).toEqual([{ event: 'event', data: '{"a":\n1}', id: '7' }, { event: 'message', data: '', id: '7' }, { event: 'message', data: 'x', id: '8' }])
        const parser = new ServerEventParser()
        expect([...text].flatMap((sign) => parser.feed(sign))).toEqual(whole)
    })
})

function answer(text: string, status = 200, headers: Record<string, string> = {}): Response {
    return new Response(status === 200 ? text : JSON.stringify({ type: `/problems/${text}`, title: text, status }), { status, headers })
}

describe('who is told to come again soon', () => {
    beforeEach(() => { vi.useFakeTimers() })
    afterEach(() => {
        vi.useRealTimers()
        vi.unstubAllGlobals()
    })
    const asking = async (...answers: Response[]) => {
        let asked = 0
        vi.stubGlobal('fetch', () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)]!.clone()))
        const got = events({ q: '' }, {}).then(() => 'events', (error: ApiProblem) => error.problem.status)
        await vi.advanceTimersByTimeAsync(60_000)
        return [await got, asked]
    }

    it('does so a few times, and then says what is wrong', async () => {
        const busy = answer('too-many', 429, { 'Retry-After': '1' })
        expect(await asking(busy, busy, answer('{"events":[]}'))).toEqual(['events', 3])
        expect(await asking(busy)).toEqual([429, 4])
        expect(await asking(answer('too-many', 429, { 'Retry-After': '60' }))).toEqual([429, 1])
        expect(await asking(answer('took-too-long', 504))).toEqual([504, 1])
    })
})

describe('following', () => {
    let stop: AbortController
    let told: string[]
    let listener: TailListener
    beforeEach(() => {
        stop = new AbortController()
        told = []
        listener = {
            onEvent: ({ key }) => { told.push(key); if (key === 'last') stop.abort() },
            onLost: (count) => told.push(`lost ${count}`), onGap: () => told.push('gap'),
            onState: (state) => { if (state === 'broken') told.push(state) },
        }
    })
    afterEach(() => vi.unstubAllGlobals())
    const run = (...answers: (Response | Error)[]) => {
        const asked: [string, Record<string, string>][] = []
        vi.stubGlobal('fetch', (to: string, init: RequestInit) => {
            asked.push([to, init.headers as Record<string, string>])
            const next = answers.shift()
            if (next === undefined) stop.abort()
            return next instanceof Error || next === undefined ? Promise.reject(next ?? new DOMException('', 'AbortError')) : Promise.resolve(next)
        })
        return follow({ q: 'a', fields: ['b'], from: 'p', signal: stop.signal, firstPause: 1, longestPause: 2 }, listener).then(() => asked)
    }
    const event = (key: string) => `event: event\nid: at-${key}\ndata: {"key":"${key}"}\n\n`

    it('goes on behind the last event after the stream broke off', async () => {
        const asked = await run(answer(event('one') + 'event: lost\ndata: {"count":3}\n\n'), new TypeError('net'), answer(event('last')))
        expect(told).toEqual(['one', 'lost 3', 'broken', 'broken', 'last'])
        expect(asked[0]![0]).toBe('/api/v1/tail?q=a&fields=b&from=p')
        expect(asked[0]![1]['Last-Event-ID']).toBeUndefined()
        expect(asked[2]![1]['Last-Event-ID']).toBe('at-one')
    })
    it('has the list loaded anew when its place is gone', async () => {
        await run(answer('position-gone', 410))
        expect(told).toEqual(['gap'])
    })
    it('ends with the session', async () => {
        const out = vi.fn()
        whenSignedOut(out)
        await run(answer('event: end\ndata: {"reason":"session"}\n\n'))
        await run(answer('not-signed-in', 401))
        expect(out).toHaveBeenCalledTimes(2)
        sessionEnded()
        expect(out).toHaveBeenCalledTimes(3)
    })
    it('gives its connection back while nobody looks, and goes on where it was', async () => {
        const page = Object.assign(new EventTarget(), { hidden: false })
        vi.stubGlobal('document', page)
        const look = (hidden: boolean) => { page.hidden = hidden; page.dispatchEvent(new Event('visibilitychange')) }
        const asked: Record<string, string>[] = []
        let cut = false
        vi.stubGlobal('fetch', (_to: string, init: RequestInit) => {
            asked.push(init.headers as Record<string, string>)
            if (asked.length === 2) return Promise.resolve(answer(event('last')))
            const body = new ReadableStream<Uint8Array>({
                start(stream) {
                    stream.enqueue(new TextEncoder().encode(event('one')))
                    init.signal!.addEventListener('abort', () => { cut = true; stream.error(new DOMException('', 'AbortError')) })
                },
            })
            return Promise.resolve(new Response(body))
        })
        const done = follow({ q: '', fields: [], signal: stop.signal, firstPause: 1, unseen: 1 }, listener)
        await vi.waitFor(() => expect(told).toEqual(['one']), 30_000)
        look(true)
        await vi.waitFor(() => expect(cut).toBe(true), 30_000)
        await vi.waitFor(() => expect(told).toContain('broken'), 30_000)
        await new Promise((later) => { setTimeout(later, 20) })
        expect(asked).toHaveLength(1)
        look(false)
        await done
        expect(asked[1]!['Last-Event-ID']).toBe('at-one')
    })
    it('comes again after a server that ended', async () => {
        await run(answer('event: end\ndata: {"reason":"server"}\n\n'), answer('store-away', 503), answer(event('last')))
        expect(told).toEqual(['broken', 'broken', 'last'])
    })
})

it.each([null, '', '{', '[]', 'null', '{"look":"pink","zone":7,"columns":{},"facets":[7]}'])('settings that were kept as %j are the first ones', (text) => {
    const { look, zone, columns, facets } = settingsFrom(text)
    expect([look, zone, columns.length, facets.length]).toEqual(['system', 'local', 6, 9])
})
