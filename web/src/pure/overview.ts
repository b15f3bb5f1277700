// What pages about many clusters show: where they lead, and how loud a cell of the heat map is.
import type { Overview, OverviewQuestion } from '@/api/landscape'
import type { ClusterName } from '@/api/types'
import { wordFor } from './search'

/** `12`, `3.4k`, `56k`, `1.2M`: at most four signs. */
export function shortCount(count: number): string {
    for (const [sign, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) {
        if (count < size * 0.9995) continue
        const scaled = count / size
        return `${scaled < 9.95 ? scaled.toFixed(1).replace(/\.0$/u, '') : Math.round(scaled)}${sign}`
    }
    return String(count)
}

/** 0 (nothing) to 1 (the loudest): by magnitudes, for one cluster may be a thousand times another. */
export function heat(count: number, most: number): number {
    return count <= 0 || most <= 0 ? 0 : 0.15 + 0.85 * (Math.log1p(count) / Math.log1p(most))
}

export interface HeatRow { cluster: ClusterName; count: number; hidden: number; cells: number[] }
export interface HeatMap { rules: string[]; rows: HeatRow[]; most: number }

/** The noisiest clusters by the rules that come most often in them; `others`: what the columns leave out is in `count` all the same. */
export function heatMapOf(overview: Overview, columns: number): HeatMap {
    const sums = new Map<string, number>()
    for (const { rules } of overview.noisiest) for (const { rule, count } of rules) sums.set(rule, (sums.get(rule) ?? 0) + count)
    const rules = [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, columns).map(([rule]) => rule)
    const rows = overview.noisiest.map(({ cluster, count, hidden, rules: own }) => {
        const counts = new Map(own.map((each) => [each.rule, each.count]))
        return { cluster, count, hidden, cells: rules.map((rule) => counts.get(rule) ?? 0) }
    })
    return { rules, rows, most: Math.max(0, ...rows.flatMap(({ cells }) => cells)) }
}

/** The filter of events that a page is about. */
export function scopeFilter(question: Pick<OverviewQuestion, 'project' | 'namespace' | 'shoot' | 'cluster'>): string {
    const project = question.project ?? question.namespace?.replace(/^garden-/u, '')
    const words: [string, string | undefined][] = [['cluster', question.cluster], ['project', project], ['shoot', question.shoot]]
    return words.filter(([, is]) => is).map(([field, is]) => wordFor(field, is!)).join(' ')
}

/** The events behind a number: those of some days, of a filter. */
export function eventsOf(q: string, since: string, until: string | undefined, hidden: OverviewQuestion['hidden']) {
    return {
        name: 'events',
        query: { q, since: `${since}T00:00:00Z`, ...(until ? { until: `${until}T00:00:00Z` } : {}), ...(hidden === 'without' ? {} : { hidden }) },
    }
}

/** A page about a cluster. */
export function clusterPlace(cluster: ClusterName, days: number) {
    return { name: 'cluster', params: { identity: cluster.identity }, query: days === 7 ? {} : { days: String(days) } }
}

/** The day behind one. */
export function nextDay(day: string): string {
    return new Date(new Date(`${day}T00:00:00Z`).getTime() + 86_400_000).toISOString().slice(0, 10)
}
