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

/** `(own:value OR parent:value)`: of a shell it is what it began that says what was done. */
const itOrItsParent = (own: string, parent: string, value: string) => `(${wordFor(own, value)} OR ${wordFor(parent, value)})`

/** Events of the same process and of those it began: by its number if the rule prints it, else by its name in the same container or on the same host. */
export function sameProcess(event: FullEvent): Related | undefined {
    const values = valuesOf(event)
    const known = (name: string) => (['', '<NA>'].includes(values.get(name) ?? '') ? undefined : values.get(name)!)
    const cluster = wordFor('cluster', event.cluster.identity)
    const host = event.hostname ? ` ${wordFor('host', event.hostname)}` : ''
    const [pid, name, container] = [known('proc.pid'), known('proc.name'), known('container.id')]
    if (pid !== undefined) {
        return { q: `${cluster} ${itOrItsParent('proc.pid', 'proc.ppid', pid)}${host}`, by: 'same process number on the same host, and what it began' }
    }
    if (name === undefined) return undefined
    const program = itOrItsParent('proc.name', 'proc.pname', name)
    if (container !== undefined && container !== 'host') {
        return { q: `${cluster} ${wordFor('container.id', container)} ${program}`, by: 'same program in the same container, and what it began' }
    }
    return host ? { q: `${cluster} ${program}${host}`, by: 'same program on the same host, and what it began' } : undefined
}
