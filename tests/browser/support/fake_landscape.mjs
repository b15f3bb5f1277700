// The landscape of the stand-in for the console's API: counted from its events, as the real one counts them.
const dayOf = (time) => new Date(time).toISOString().slice(0, 10)
const shifted = (day, by) => dayOf(new Date(`${day}T00:00:00Z`).getTime() + by * 864e5)

/** `state.landscape`: members that shall be otherwise in every answer. */
export function landscapeOf(state, query, shows) {
    const days = Number(query.get('days') ?? 7)
    const until = shifted(dayOf(Date.now()), 1)
    const since = shifted(until, -days)
    const project = query.get('project') ?? query.get('namespace')?.replace(/^garden-/u, '')
    const wanted = ({ cluster, received }) => dayOf(received) >= since && (!project || cluster.project === project)
        && (!query.get('shoot') || cluster.name === query.get('shoot')) && (!query.get('cluster') || cluster.identity === query.get('cluster'))
    const inside = state.events.filter(wanted)
    const all = inside.filter(shows)
    const count = (key, of = all) => {
        const counts = new Map()
        for (const event of of) counts.set(key(event), (counts.get(key(event)) ?? 0) + 1)
        return [...counts].sort((a, b) => b[1] - a[1])
    }
    const first = new Map()
    for (const event of state.events) if (!first.has(event.rule) || dayOf(event.received) < first.get(event.rule)) first.set(event.rule, dayOf(event.received))
    const clusters = new Map(all.map(({ cluster }) => [cluster.identity, cluster]))
    return {
        since, until, counted: new Date(Date.now() - 12_000).toISOString(), daysMissing: 0, hiddenExact: true, count: all.length, hidden: inside.length - all.length,
        clusters: clusters.size, newRulesKnown: true,
        trend: Array.from({ length: days }, (_, number) => {
            const day = shifted(since, number)
            const of = all.filter(({ received }) => dayOf(received) === day)
            return { day, count: of.length, priorities: Object.fromEntries(count(({ priority }) => priority, of)) }
        }),
        rules: count(({ rule }) => rule).map(([rule, number]) => ({ rule, priority: all.find((event) => event.rule === rule).priority, count: number, hidden: 0, first: first.get(rule), new: rule.startsWith('Drop and execute') })),
        noisiest: count(({ cluster }) => cluster.identity).map(([identity, number]) => ({
            cluster: clusters.get(identity), count: number, hidden: 0,
            rules: count(({ rule }) => rule, all.filter(({ cluster }) => cluster.identity === identity)).map(([rule, of]) => ({ rule, count: of })),
        })),
        projects: count(({ cluster }) => cluster.project).map(([name, number]) => ({ project: name, clusters: new Set(all.filter(({ cluster }) => cluster.project === name).map(({ cluster }) => cluster.identity)).size, count: number, hidden: 0 })),
        ...state.landscape,
    }
}
