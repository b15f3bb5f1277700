// The columns of the event list: Falconer's own, and any output field.
import type { EventSummary } from '@/api/types'

export interface Column { name: string; title: string }

export const ownColumns: Column[] = [
    { name: 'received', title: 'Received' }, { name: 'time', title: 'Time at the cluster' }, { name: 'priority', title: 'Priority' },
    { name: 'rule', title: 'Rule' }, { name: 'cluster', title: 'Cluster' }, { name: 'pod', title: 'Namespace / pod' },
    { name: 'host', title: 'Host' }, { name: 'source', title: 'Source' }, { name: 'state', title: 'State' }, { name: 'assignee', title: 'Assignee' }, { name: 'tags', title: 'Tags' }, { name: 'output', title: 'Message' },
]
export const firstColumns = ['received', 'priority', 'rule', 'cluster', 'pod', 'output']

/** What a person chose, without what is no column; never empty. */
export function cleanColumns(chosen: unknown): string[] {
    if (!Array.isArray(chosen)) return firstColumns
    const names = [...new Set(chosen.filter((each): each is string => typeof each === 'string' && each !== '' && each.length <= 256))]
    return names.length > 0 ? names.slice(0, 20) : firstColumns
}

export function titleOf(name: string): string { return ownColumns.find((each) => each.name === name)?.title ?? name }

/** The output fields that the list needs. */
export function fieldsFor(columns: string[]): string[] {
    const own = new Set(ownColumns.map(({ name }) => name))
    return [...new Set(['k8s.ns.name', 'k8s.pod.name', ...columns.filter((name) => !own.has(name))])].filter((name) => !name.includes(','))
}

/** `project/name` of a shoot, else the identity. */
export function clusterTitle(cluster: EventSummary['cluster']): string {
    return cluster.project && cluster.name ? `${cluster.project}/${cluster.name}` : cluster.identity
}

/** The text of a cell. */
export function cellText(event: EventSummary, column: string): string {
    switch (column) {
        case 'received': return event.received
        case 'time': return event.time
        case 'priority': return event.priority
        case 'rule': return event.rule
        case 'cluster': return clusterTitle(event.cluster)
        case 'pod': return [event.fields['k8s.ns.name'], event.fields['k8s.pod.name']].filter((each) => each).join('/')
        case 'host': return event.hostname ?? ''
        case 'source': return event.source ?? ''
        case 'state': return event.assessment?.state ?? 'new'
        case 'assignee': return event.assessment?.assignee ?? ''
        case 'tags': return event.tags.join(', ')
        case 'output': return event.output ?? ''
        default: return Object.hasOwn(event.fields, column) ? (event.fields[column] ?? '') : ''
    }
}

/** Falco's message without the time and the priority that begin it: both have a place of their own. */
export function shortMessage(output: string | null): string {
    return (output ?? '').replace(/^[\dT:.+Z -]{8,40}:? ?(Emergency|Alert|Critical|Error|Warning|Notice|Informational|Info|Debug) /u, '')
}
