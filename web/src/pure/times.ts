// Times as a person reads them, in their own zone or in UTC. The API's text stays exact: nanoseconds do not fit a Date.

export type Zone = 'local' | 'utc'

const two = (value: number) => String(value).padStart(2, '0')

function partsOf(date: Date, zone: Zone) {
    return zone === 'utc'
        ? [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()] as const
        : [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()] as const
}

/** How far the zone is from UTC then, as `+02:00`; `Z` for UTC. */
export function offsetOf(date: Date, zone: Zone): string {
    if (zone === 'utc') return 'Z'
    const minutes = -date.getTimezoneOffset()
    return `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

/** `2026-11-30 17:45:12`, with the text's own fraction if `fraction` digits of it are wanted. Text that is no time stays as it is. */
export function shownTime(text: string, zone: Zone, fraction = 0): string {
    const date = new Date(text)
    if (Number.isNaN(date.getTime())) return text
    const [year, month, day, hour, minute, second] = partsOf(date, zone)
    const digits = /\.(\d+)/u.exec(text)?.[1] ?? ''
    const rest = fraction > 0 ? `.${digits.slice(0, fraction).padEnd(Math.min(fraction, 3), '0')}` : ''
    return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}${rest}`
}

const units: [string, number][] = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]]

/** `3 minutes ago`. */
export function ago(text: string, now: Date): string {
    const seconds = Math.round((now.getTime() - new Date(text).getTime()) / 1000)
    if (Number.isNaN(seconds)) return text
    if (Math.abs(seconds) < 5) return 'just now'
    const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each)!
    const count = Math.floor(Math.abs(seconds) / size)
    const words = `${count} ${unit}${count === 1 ? '' : 's'}`
    return seconds > 0 ? `${words} ago` : `in ${words}`
}

/** Text of a `datetime-local` field, read in the zone, as RFC 3339. Nothing if it is no time. */
export function fromField(text: string, zone: Zone): string | undefined {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/u.test(text)) return undefined
    const date = new Date(zone === 'utc' ? `${text}Z` : text)
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** The other way round. */
export function toField(text: string, zone: Zone): string { return shownTime(text, zone).replace(' ', 'T') }

export const spans: [string, string][] = [
    ['-15m', 'Last 15 minutes'], ['-1h', 'Last hour'], ['-6h', 'Last 6 hours'], ['-24h', 'Last 24 hours'],
    ['-7d', 'Last 7 days'], ['-30d', 'Last 30 days'], ['', 'All that is kept'],
]

/** A span of receipt times in words. */
export function spanName(since: string | undefined, until: string | undefined, zone: Zone): string {
    const relative = spans.find(([each]) => each === (since ?? ''))
    if (!until && relative) return relative[1]
    const shown = (text: string) => (/^-/u.test(text) ? text.slice(1) + ' ago' : shownTime(text, zone))
    return `${since ? shown(since) : 'the beginning'} – ${until ? shown(until) : 'now'}`
}

/** An RFC 3339 time so many seconds later (or earlier). */
export function shifted(text: string, seconds: number): string {
    return new Date(new Date(text).getTime() + seconds * 1000).toISOString()
}
