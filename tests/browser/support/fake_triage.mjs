// What the stand-in for the console's API does of triage. Several browsers at once may ask it.

const hiding = ['false positive', 'suppressed']
const problem = (status, type, more = {}) => ({ status, body: { type: `/problems/${type}`, title: type, status, ...more } })

/** How an event stands now. */
const stateOf = (event) => (event.assessment?.state ?? 'new')

/** Of `state.events`, whose `assessment` it changes; `who` tells who asks. `found`: what a question's parameters find. */
export function startTriage(state, who, found) {
    state.actions = []
    let number = 0

    /** `hidden`, `state` and `assignee` of a question. */
    const shows = (query) => (event) => {
        const hidden = query.get('hidden') ?? 'with'
        const states = query.getAll('state')
        if (hidden !== 'with' && hiding.includes(stateOf(event)) !== (hidden === 'only')) return false
        if (states.length > 0 && !states.includes(stateOf(event))) return false
        return !query.get('assignee') || event.assessment?.assignee === query.get('assignee')
    }

    function put(action, events, assessmentOf) {
        number += 1
        state.actions.unshift({
            at: new Date().toISOString(), by: who(), state: null, assignee: null, expires: null, reason: '', comment: '', undoes: null, undoneBy: null, suppression: null,
            ...action, events: events.length, before: events.map((event) => [event.key, event.assessment ?? null]), number: String(number),
        })
        for (const event of events) {
            event.assessment = assessmentOf(event)
            event.history = [...(event.history ?? []), { ...state.actions[0], state: stateOf(event), assignee: event.assessment?.assignee ?? null }]
        }
        return { action: state.actions[0].id, events: events.length, more: false, complete: true, passed: 0 }
    }

    function assess(body) {
        const asked = JSON.parse(body)
        const events = asked.events
            ? asked.events.map(({ key }) => state.events.find((event) => event.key === key)).filter(Boolean)
            : found(new URLSearchParams(Object.entries(asked.filter).flatMap(([name, value]) => [value].flat().filter((each) => each !== undefined).map((each) => [name, each]))))
        const others = (asked.events ?? []).filter(({ key, seen }) => seen !== null && (state.events.find((event) => event.key === key)?.assessment?.action ?? '0') !== seen)
        if (others.length > 0) return problem(409, 'assessed-meanwhile', { title: 'Somebody else was here', detail: `${state.actions[0].by} has assessed ${others.length} of them meanwhile. Look at it again; nothing was done.` })
        if (asked.state && hiding.includes(asked.state) && !asked.reason) return problem(400, 'parameter', { detail: 'what is put out of sight needs a reason', parameter: 'reason' })
        const filter = asked.filter ? Object.entries(asked.filter).map(([name, value]) => `${name}=${value}`).join(' ') : ''
        return put({ id: asked.id, what: 'assess', state: asked.state ?? null, assignee: asked.assignee ?? null, expires: asked.expires ?? null, reason: asked.reason ?? '', comment: asked.comment ?? '', filter }, events, (event) => ({
            state: asked.state ?? stateOf(event), expired: false, action: String(number), assignee: asked.assignee === undefined ? (event.assessment?.assignee ?? null) : asked.assignee || null,
            expires: asked.state ? (asked.expires ?? null) : (event.assessment?.expires ?? null), by: who(), at: new Date().toISOString(), reason: asked.reason ?? '', comment: asked.comment ?? '',
        }))
    }

    function undo(id, body) {
        const action = state.actions.find((each) => each.id === id)
        if (!action) return problem(404, 'not-found')
        const before = new Map(action.before)
        const events = state.events.filter((event) => before.has(event.key) && event.assessment?.action === action.number)
        const passed = action.events - events.length
        const done = put({ id: JSON.parse(body).id, what: 'undo', undoes: id, filter: '' }, events, (event) => ({ ...(before.get(event.key) ?? { state: 'new', expired: false, assignee: null, expires: null, by: who(), at: null, reason: '', comment: '' }), action: String(number) }))
        action.undoneBy = done.action
        return { ...done, passed }
    }

    return {
        shows,
        operations: {
            'POST triage': (_query, body) => assess(body),
            'GET triage/actions': () => ({ actions: state.actions.map(({ before, ...action }) => action), next: null }),
        },
        special(method, path, body) {
            const [, key] = /^events\/([^/]+)\/history$/u.exec(path) ?? []
            if (method === 'GET' && key) return { actions: state.events.find((event) => event.key === decodeURIComponent(key))?.history ?? [] }
            const [, id] = /^triage\/actions\/([^/]+)\/undo$/u.exec(path) ?? []
            return method === 'POST' && id ? undo(id, body) : undefined
        },
    }
}
