// A stand-in for the console's API: for the states of the page that a real one cannot be asked for (it fails, it is slow, it
// floods). It speaks what src/console/openapi.yaml says; its filters know `field:value`, words, `-`, `(a OR b)` and `priority>=`.
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startIncidents } from './fake_incidents.mjs'
import { landscapeOf } from './fake_landscape.mjs'
import { startTriage } from './fake_triage.mjs'
import { fullOf, makeBodies, makeClusters, makeEvents, rawOf, summaryOf } from './sample.mjs'

const dist = fileURLToPath(new URL('../../../web/dist', import.meta.url))
const types = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.html': 'text/html; charset=utf-8' }
const priorities = ['Debug', 'Informational', 'Notice', 'Warning', 'Error', 'Critical', 'Alert', 'Emergency']

const problem = (status, type, more = {}) => ({ status, body: { type: `/problems/${type}`, title: type, status, ...more } })

function valueOf(event, field) {
    const short = { namespace: 'k8s.ns.name', pod: 'k8s.pod.name', image: 'container.image.repository', user: 'user.name', process: 'proc.name' }
    const own = { workload: event.values['k8s.pod.name']?.replace(/-\w+-\w+$/u, ''), rule: event.rule, priority: event.priority, cluster: event.cluster.identity, project: event.cluster.project, shoot: event.cluster.name, host: event.hostname, source: event.source }
    return field in own ? own[field] : field === 'tag' ? event.tags : event.values[short[field] ?? field]
}

function matcher(q) {
    const testOf = (word) => {
        const any = /^\((.*)\)$/u.exec(word)?.[1].split(' OR ').map(testOf)
        if (any) return (event) => any.some((test) => test(event))
        const negated = word.startsWith('-')
        const bare = negated ? word.slice(1) : word
        const urgent = /^priority>=(\w+)$/iu.exec(bare)
        if (urgent) return (event) => priorities.indexOf(event.priority) >= priorities.findIndex((each) => each.toLowerCase() === urgent[1].toLowerCase())
        const [, field, value] = /^([\w.[\]]+):(.*)$/u.exec(bare) ?? []
        if (field && value === '') throw problem(400, 'filter', { title: 'The filter cannot be read', detail: "expected a value behind ':'", parameter: 'q', column: q.indexOf(word) + 1, length: word.length })
        const plain = (value ?? bare).replaceAll('"', '')
        const is = field ? (event) => [valueOf(event, field)].flat().includes(plain) : (event) => JSON.stringify(event).toLowerCase().includes(plain.toLowerCase())
        return (event) => is(event) !== negated
    }
    const tests = (q.match(/(?:[^\s"(]|"[^"]*"|\([^)]*\))+/gu) ?? []).map(testOf)
    return (event) => tests.every((test) => test(event))
}

const timeOf = (text, now = Date.now()) => {
    const relative = /^-(\d+)([smhd])$/u.exec(text ?? '')
    return relative ? now - relative[1] * { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[relative[2]] : new Date(text).getTime()
}

/** `state` can be changed while it runs: `events`, `failing` {path: [status, type, more]}, `signedIn`, `queries` (what was asked). */
export async function startFake(changes = {}) {
    const state = { events: makeEvents(160), clusters: makeClusters(), bodies: makeBodies(), failing: {}, signedIn: true, queries: [], proofs: [], tails: new Set(), ...changes }
    let asker = 'operator' // of the question under way; who signs in as another one has a cookie of that name
    const me = () => ({ user: asker, kind: 'demo', everything: true, projects: [], mayReplay: true, mayTriage: state.mayTriage ?? true, ends: '2099-01-01T00:00:00Z', version: '0.0.0', stores: ['main'] })

    const found = (query) => {
        const since = query.get('since') ? timeOf(query.get('since')) : 0
        const until = query.get('until') ? timeOf(query.get('until')) : Infinity
        return state.events.filter(matcher(query.get('q') ?? '')).filter(triage.shows(query)).filter(({ received }) => new Date(received).getTime() >= since && new Date(received).getTime() < until)
    }
    const triage = startTriage(state, () => asker, found)
    const incidents = startIncidents(state, () => asker)
    const operations = {
        ...triage.operations,
        ...incidents.operations,
        'GET sign-in': () => ({ ways: state.ways ?? [{ kind: 'demo', users: [{ name: 'operator', title: 'sees every cluster' }, { name: 'shop', title: 'sees project shop' }] }] }),
        'GET me': () => (state.signedIn ? me() : problem(401, 'not-signed-in')),
        'DELETE session': () => { state.signedIn = false; return null },
        'POST session': (_query, body) => {
            const proof = JSON.parse(body)
            state.proofs.push(proof)
            if (proof.token && proof.token !== 'good.token') return problem(401, 'wrong-token')
            if (!proof.token && !proof.kubeconfig && proof.password !== 'demo') return problem(401, 'wrong-password')
            state.signedIn = true
            return me()
        },
        'GET fields': () => ({ fields: [...['rule', 'priority', 'cluster', 'host', 'tag'].map((name) => ({ name, kind: name === 'priority' ? name : 'text' })),
            { name: 'namespace', kind: 'field', short: 'k8s.ns.name' }, ...Object.keys(state.events[0]?.values ?? {}).map((name) => ({ name, kind: 'field' }))] }),
        'GET events': (query) => {
            const all = found(query)
            const from = Number(query.get('cursor') ?? 0)
            const to = from + Number(query.get('limit') ?? 50)
            return { events: all.slice(from, to).map(summaryOf), next: to < all.length ? String(to) : null, complete: true, reached: new Date().toISOString(), tail: 'here' }
        },
        'GET facets': (query) => ({
            facets: query.getAll('field').map((field) => {
                const counts = new Map()
                for (const event of found(query)) for (const value of [valueOf(event, field)].flat()) if (value != null && value.toLowerCase().startsWith((query.get('prefix') ?? '').toLowerCase())) counts.set(value, (counts.get(value) ?? 0) + 1)
                const values = [...counts].sort((a, b) => b[1] - a[1]).map(([value, count]) => ({ value, count }))
                const limit = Number(query.get('limit') ?? 10)
                return { field, values: values.slice(0, limit), more: values.length > limit, exact: true }
            }),
        }),
        'GET histogram': (query) => {
            const all = found(query)
            const until = query.get('until') ? timeOf(query.get('until')) : Date.now()
            const since = query.get('since') ? timeOf(query.get('since')) : until - 864e5
            const step = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400].find((each) => (until - since) / 1000 / each <= Number(query.get('buckets') ?? 60)) ?? 604800
            const buckets = new Map()
            for (const event of all) {
                const at = Math.floor(new Date(event.received).getTime() / 1000 / step) * step
                const bucket = buckets.get(at) ?? { at: new Date(at * 1000).toISOString(), count: 0, priorities: {} }
                bucket.count += 1
                bucket.priorities[event.priority] = (bucket.priorities[event.priority] ?? 0) + 1
                buckets.set(at, bucket)
            }
            const begin = Math.floor(since / 1000 / step) * step * 1000
            return { since: new Date(begin).toISOString(), until: new Date(until).toISOString(), step, total: all.length, exact: true, buckets: [...buckets.values()].sort((a, b) => (a.at < b.at ? -1 : 1)) }
        },
        'GET landscape': (query) => landscapeOf(state, query, triage.shows(query.has('hidden') ? query : new URLSearchParams('hidden=without'))),
        'GET clusters': (query) => ({ clusters: state.clusters.filter(({ cluster }) => cluster.identity.includes(query.get('search') ?? '')), next: null }),
        'GET quarantine': (query) => ({ bodies: state.bodies.filter(({ replayed, cluster }) => (!replayed || query.get('replayed') === 'true') && cluster.identity.includes(query.get('cluster') ?? '')).map(({ text, ...body }) => body), next: null }),
    }

    function special(method, path, response, text) {
        const triaged = triage.special(method, path, text)
        if (triaged) return triaged
        const ofIncidents = incidents.special(method, path)
        if (ofIncidents) return ofIncidents
        const [, key, raw] = /^events\/([^/]+)(\/raw)?$/u.exec(path) ?? []
        if (method === 'GET' && key) {
            const event = state.events.find((each) => each.key === decodeURIComponent(key) || each.uuid === key)
            if (!event) return problem(404, 'not-found', { title: 'There is no such event' })
            if (!raw) return fullOf(event)
            response.setHeader('Content-Type', 'application/json').end(rawOf(event))
            return undefined
        }
        const [, id, replay] = /^quarantine\/(\d+)(\/replay)?$/u.exec(path) ?? []
        const body = state.bodies.find((each) => each.id === id)
        if (!body) return problem(404, 'not-found')
        if (!replay) return body
        if (body.id === '2') return problem(422, 'still-broken', { detail: 'priority: "Panic" is none' })
        body.replayed = new Date().toISOString()
        return { key: state.events[0].key }
    }

    function tail(response) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).write('event: position\nid: 0\ndata: {}\n\n')
        state.tails.add(response)
        response.on('close', () => state.tails.delete(response))
    }

    function file(path, response) {
        const nonce = randomBytes(16).toString('base64')
        const inner = join(dist, path)
        const known = path !== '/' && inner.startsWith(dist) && statSync(inner, { throwIfNoEntry: false })?.isFile()
        response.setHeader('Content-Security-Policy', `default-src 'none'; script-src 'self' 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors ${state.frameAncestors ?? "'none'"}`)
        response.setHeader('Content-Type', types[known ? extname(inner) : '.html'])
        response.end(known ? readFileSync(inner) : readFileSync(join(dist, 'index.html'), 'utf8').replaceAll('__CSP_NONCE__', nonce))
    }

    async function handle(request, response) {
        const url = new URL(request.url, 'http://here')
        if (!url.pathname.startsWith('/api/v1/')) return file(url.pathname, response)
        const path = url.pathname.slice('/api/v1/'.length)
        let body = ''
        for await (const piece of request) body += piece
        asker = /falconer-user=(\w+)/u.exec(request.headers.cookie ?? '')?.[1] ?? 'operator'
        state.queries.push(`${request.method} ${path}${url.search}`)
        const failing = state.failing[path]
        let answer
        try {
            if (failing) answer = problem(...failing)
            else if (!state.signedIn && !['sign-in', 'session', 'me'].includes(path)) answer = problem(401, 'not-signed-in')
            else if (request.method !== 'GET' && request.headers['x-requested-with'] !== 'falconer') answer = problem(403, 'request-forged')
            else if (path === 'tail') return tail(response)
            else answer = operations[`${request.method} ${path}`]?.(url.searchParams, body) ?? (path in { session: 1 } ? null : special(request.method, path, response, body))
        } catch (wrong) {
            answer = wrong.body ? wrong : problem(500, 'internal', { detail: String(wrong.stack) })
        }
        if (answer === undefined) return undefined
        if (answer === null) return response.writeHead(204).end()
        const status = answer.body?.type?.startsWith('/problems/') ? answer.status : 200
        return response.writeHead(status, { 'Content-Type': status === 200 ? 'application/json' : 'application/problem+json' }).end(JSON.stringify(status === 200 ? answer : answer.body))
    }

    const server = createServer((request, response) => { handle(request, response).catch((wrong) => response.destroy(wrong)) })
    await new Promise((ready) => { server.listen(0, '127.0.0.1', ready) })
    return {
        state,
        url: `http://127.0.0.1:${server.address().port}`,
        /** Arrives now: in the list and in every tail. */
        arrive(event) {
            state.events.unshift(event)
            for (const each of state.tails) each.write(`event: event\nid: ${event.key}\ndata: ${JSON.stringify(summaryOf(event))}\n\n`)
        },
        send(kind, data) { for (const each of state.tails) each.write(`event: ${kind}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`) },
        cutTails() { for (const each of state.tails) each.destroy() },
        close() { server.closeAllConnections(); return new Promise((done) => { server.close(done) }) },
    }
}
