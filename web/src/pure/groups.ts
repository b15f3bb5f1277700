// The output fields of an event in the groups that a person looks for.
import type { Field } from '@/api/types'

export interface FieldGroup { title: string; fields: Field[] }

// The first that fits takes the field.
const rooms: [title: string, fits: RegExp][] = [
    ['Process', /^(proc|thread)\./u],
    ['Container', /^container[._]/u],
    ['Kubernetes', /^(k8s|k8smeta|ka)\./u],
    ['User', /^(user|group)\./u],
    ['Network', /^fd\.(c|s|l|r)?(ip|port|net|proto|addr|l4proto|sockfamily|is_server|name_changed|lip|rip|sip|cip|connected)|^fd\.(typechar|l4proto|ip)|^net\./u],
    ['File', /^(fd|fs)\./u],
    ['System call', /^(evt|syscall)\./u],
]
const order = ['Process', 'Container', 'Kubernetes', 'User', 'Network', 'File', 'System call', 'Other']

/** The groups that have a field, each by name (digits by their number). */
export function grouped(fields: Field[]): FieldGroup[] {
    const found = new Map<string, Field[]>()
    const isConnection = fields.some(({ name, text }) => name === 'fd.type' && /^(ipv4|ipv6)/u.test(text))
        || fields.some(({ name, kind }) => /^fd\.[lrcs](ip|port)$/u.test(name) && kind !== 'null')
    for (const field of fields) {
        let title = rooms.find(([, fits]) => fits.test(field.name))?.[0] ?? 'Other'
        // What an fd is called is an address if it is a connection.
        if (isConnection && (field.name === 'fd.name' || field.name === 'fd.type')) title = 'Network'
        found.set(title, [...(found.get(title) ?? []), field])
    }
    const byName = new Intl.Collator('en', { numeric: true })
    return order.filter((title) => found.has(title)).map((title) => ({
        title, fields: found.get(title)!.sort((a, b) => byName.compare(a.name, b.name)),
    }))
}
