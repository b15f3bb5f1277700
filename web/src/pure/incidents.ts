// Words and rules of incidents.
import type { FirstSeen, Incident, IncidentState, Series, Verdict, Workload } from '@/api/incidents'
import { wordFor } from './search'

export function incidentColor(state: IncidentState): string {
    switch (state) {
        case 'open': return 'error'
        case 'in progress': return 'warning'
        case 'acknowledged': return 'info'
        default: return 'unknown'
    }
}

/** Where it happens, in words. */
export function workloadTitle({ kind, namespace, name }: Workload): string {
    switch (kind) {
        case 'pod': return namespace ? `${namespace}/${name}` : name
        case 'container': return name ? `container ${name}` : 'containers without a name'
        case 'node': return 'the nodes themselves'
        case 'others': return 'all other workloads'
    }
}

/** A filter that finds its events; of `others` more than these. */
export function eventsOf({ rule, cluster, workload }: Incident): string {
    const words = [wordFor('rule', rule), wordFor('cluster', cluster.identity)]
    if (workload.kind === 'pod') words.push(wordFor('workload', workload.name))
    if (workload.kind === 'pod' && workload.namespace) words.push(wordFor('namespace', workload.namespace))
    if (workload.kind === 'container' && workload.name) words.push(wordFor('container.name', workload.name))
    if (workload.kind === 'node') words.push(wordFor('container.id', 'host'))
    return words.join(' ')
}

/** What is missing before it can be done; '' nothing. */
export function lacking(what: Verdict): string {
    if (what.state === undefined && what.assignee === undefined && !what.comment) return 'Choose a state, an assignee or write a comment.'
    if (what.state === 'ignored' && !what.reason?.trim()) return 'What is ignored whatever happens needs a reason.'
    return ''
}

export interface Bar { x: number; y: number; width: number; height: number; at: string; count: number }

/** Bars in a box of so many units; the highest count has all of its height, and each that is not 0 is seen. */
export function barsOf({ since, step, counts }: Series, width: number, height: number): Bar[] {
    const most = Math.max(1, ...counts)
    const each = width / Math.max(1, counts.length)
    const begin = new Date(since).getTime()
    return counts.map((count, at) => {
        const tall = count === 0 ? 0 : Math.max(1, (count / most) * height)
        return { x: at * each, y: height - tall, width: Math.max(each * 0.8, 0.5), height: tall, at: new Date(begin + at * step * 1000).toISOString(), count }
    })
}

/** The same for whoever hears it. */
export function seriesWords({ step, counts }: Series): string {
    const sum = counts.reduce((a, b) => a + b, 0)
    const days = Math.round((step * counts.length) / 86_400)
    return `${sum.toLocaleString('en')} in ${days} days, ${Math.max(0, ...counts).toLocaleString('en')} at most in ${step / 3600} hours`
}

/** Whether an image did that before, in a sentence; '' where nothing is known (yet). */
export function firstSeenWords({ image, isFirst, isFirstHere, here }: FirstSeen): string {
    const who = image === null ? 'A process of no image' : 'This image'
    if (isFirst) return `${who} never did that before, in any cluster that you see.`
    if (isFirstHere) return `${who} never did that before in this cluster; in another one it did.`
    return here ? `${who} did that before in this cluster.` : ''
}
