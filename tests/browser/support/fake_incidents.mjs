// What the stand-in for the console's API does of incidents, and of what there was before an event.
import { summaryOf } from './sample.mjs'

const problem = (status, type, more = {}) => ({ status, body: { type: `/problems/${type}`, title: type, status, ...more } })
const step = 6 * 3600

/** Of `state.events`, as they are now. `who` tells who asks. */
export function startIncidents(state, who) {
    state.incidentActions = []
    const stands = new Map()
    let number = 0

    /** Six digits of a hash are enough here. */
    const idOf = (text) => `00000000-0000-4000-8000-${String([...text].reduce((sum, sign) => (sum * 31 + sign.codePointAt(0)) % 999_983, 7)).padStart(12, '0')}`
    const keyOf = (event) => `${event.cluster.identity} ${event.rule} ${event.values['k8s.ns.name']}`
    const eventsOf = (key) => state.events.filter((event) => keyOf(event) === key)

    function incidentOf(key, buckets) {
        const events = eventsOf(key)
        const [newest] = events
        const since = (Math.floor(Date.now() / 1000 / step) - (buckets - 1)) * step
        const counts = Array(buckets).fill(0)
        for (const { received } of events) {
            const at = Math.floor((new Date(received).getTime() / 1000 - since) / step)
            if (at >= 0 && at < buckets) counts[at] += 1
        }
        const stand = stands.get(key) ?? { state: 'open', assignee: null, action: '0', at: 0 }
        const again = stand.state === 'resolved' && new Date(newest.received).getTime() > stand.at
        return {
            id: idOf(key), cluster: newest.cluster, rule: newest.rule, workload: { kind: 'pod', namespace: newest.values['k8s.ns.name'], name: 'checkout' }, priority: newest.priority,
            count: events.length, first: events.at(-1).received, last: newest.received, state: again ? 'open' : stand.state, reopened: again, assignee: stand.assignee, action: stand.action,
            series: { since: new Date(since * 1000).toISOString(), step, counts },
        }
    }
    const keys = () => [...new Set(state.events.map(keyOf))]
    const find = (id) => keys().find((key) => idOf(key) === id)

    function list(query) {
        const states = query.getAll('state')
        const words = (query.get('q') ?? '').toLowerCase().match(/[^\s"]+/gu) ?? []
        if (words.some((word) => word.startsWith('output:'))) throw problem(400, 'parameter', { detail: 'an incident has no output', parameter: 'q' })
        const all = keys().map((key) => incidentOf(key, 28)).filter((each) => states.length === 0 || states.includes(each.state))
            .filter((each) => words.every((word) => JSON.stringify(each).toLowerCase().includes(word.replace(/^\w+:/u, ''))))
        const from = Number(query.get('cursor') ?? 0)
        const to = from + Number(query.get('limit') ?? 50)
        return { incidents: all.slice(from, to), next: to < all.length ? String(to) : null }
    }

    function act(body) {
        const asked = JSON.parse(body)
        const known = asked.incidents.map(({ id, seen }) => ({ key: find(id), seen })).filter(({ key }) => key)
        if (known.length === 0) return problem(404, 'not-found')
        const others = known.filter(({ key, seen }) => seen !== null && (stands.get(key)?.action ?? '0') !== seen)
        if (others.length > 0) return problem(409, 'changed-meanwhile', { title: 'Somebody else was here', detail: `${state.incidentActions.at(-1).by} has changed ${others.length} of them meanwhile. Look at it again; nothing was done.` })
        if (asked.state === 'ignored' && !asked.reason) return problem(400, 'parameter', { detail: 'what is ignored whatever happens needs a reason', parameter: 'reason' })
        number += 1
        for (const { key } of known) {
            const had = stands.get(key) ?? { state: 'open', assignee: null, at: 0 }
            stands.set(key, { state: asked.state ?? had.state, assignee: asked.assignee === undefined ? had.assignee : asked.assignee || null, action: String(number), at: Date.now() })
        }
        state.incidentActions.push({
            id: asked.id, at: new Date().toISOString(), by: who(), what: 'incident', state: asked.state ?? null, assignee: asked.assignee ?? null, expires: null, reason: asked.reason ?? '',
            comment: asked.comment ?? '', undoes: null, undoneBy: null, suppression: null, keys: known.map(({ key }) => key),
        })
        return { action: asked.id, incidents: known.length }
    }

    function one(id) {
        const key = find(id)
        if (!key) return problem(404, 'not-found')
        const incident = incidentOf(key, 120)
        const others = keys().filter((each) => each !== key).map((each) => incidentOf(each, 28))
        return {
            incident, actions: state.incidentActions.filter(({ keys: of }) => of.includes(key)).map(({ keys: _, ...action }) => action),
            sameRule: others.filter(({ rule }) => rule === incident.rule).slice(0, 10), sameWorkload: others.filter(({ cluster }) => cluster.identity === incident.cluster.identity).slice(0, 10),
        }
    }

    function before(event) {
        const alike = state.events.filter(({ rule, values }) => rule === event.rule && values['container.image.repository'] === event.values['container.image.repository'])
        const sighting = (of) => ({ cluster: of.at(-1).cluster, first: of.at(-1).received, last: of[0].received, count: of.length })
        const here = alike.filter(({ cluster }) => cluster.identity === event.cluster.identity)
        const { id, state: stand, count, first, last } = incidentOf(keyOf(event), 28)
        return {
            image: event.values['container.image.repository'], since: '2026-01-01T00:00:00Z', here: sighting(here), earliest: sighting(alike), clusters: new Set(alike.map(({ cluster }) => cluster.identity)).size,
            isFirstHere: here.at(-1) === event, isFirst: alike.at(-1) === event, incident: { id, state: stand, count, first, last },
        }
    }

    const similar = (event) => ({
        similar: state.events.filter((each) => each.rule === event.rule && each !== event).slice(0, 10).map((each) => ({ event: summaryOf(each), same: ['proc.name', 'proc.cmdline'] })),
        looked: 200, complete: true, reached: '2026-01-01T00:00:00Z',
    })

    return {
        operations: { 'GET incidents': list, 'POST incidents/triage': (_query, body) => act(body) },
        special(method, path) {
            const [, id] = /^incidents\/([^/]+)$/u.exec(path) ?? []
            if (method === 'GET' && id) return one(id)
            const [, key, what] = /^events\/([^/]+)\/(first-seen|similar)$/u.exec(path) ?? []
            const event = key && state.events.find((each) => each.key === decodeURIComponent(key))
            if (!event) return undefined
            return what === 'similar' ? similar(event) : before(event)
        },
    }
}
