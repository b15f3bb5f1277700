// Filters for what happened around an event.
import type { FullEvent } from '@/api/types'
import { wordFor } from './search'

export interface Related { q: string; /** In words, what it goes by. */ by: string }

type Values = ReadonlyMap<string, string | null>

function words(values: Values, cluster: string, names: string[]): string | undefined {
    const found = names.map((name) => values.get(name))
    if (found.some((value) => value === undefined || value === null || value === '' || value === '<NA>')) return undefined
    return [wordFor('cluster', cluster), ...names.map((name, at) => wordFor(name, found[at]!))].join(' ')
}

export function valuesOf(event: Pick<FullEvent, 'fields'>): Map<string, string | null> {
    return new Map(event.fields.map(({ name, kind, text }) => [name, kind === 'null' ? null : text]))
}

/** Events of the same pod. Nothing if the event names none. */
export function samePod(event: FullEvent): Related | undefined {
    const q = words(valuesOf(event), event.cluster.identity, ['k8s.ns.name', 'k8s.pod.name'])
    return q === undefined ? undefined : { q, by: 'same pod' }
}

/** Events of the same process: by its number if the rule prints it, else by its name in the same container or on the same host. */
export function sameProcess(event: FullEvent): Related | undefined {
    const values = valuesOf(event)
    const host = event.hostname ? ` ${wordFor('host', event.hostname)}` : ''
    const container = values.get('container.id')
    const onHost = container === undefined || container === null || container === '' || container === 'host'
    const byNumber = words(values, event.cluster.identity, ['proc.pid'])
    if (byNumber !== undefined) return { q: byNumber + host, by: 'same process number on the same host' }
    if (!onHost) {
        const q = words(values, event.cluster.identity, ['container.id', 'proc.name'])
        return q === undefined ? undefined : { q, by: 'same program in the same container' }
    }
    const q = words(values, event.cluster.identity, ['proc.name'])
    return q === undefined || !host ? undefined : { q: q + host, by: 'same program on the same host' }
}
