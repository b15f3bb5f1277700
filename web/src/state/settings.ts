// What a person has chosen for this browser: theme, zone, columns, saved views. Kept in local storage; a damaged one counts as none.
import { reactive, watch } from 'vue'
import { cleanColumns, firstColumns } from '@/pure/columns'
import type { Zone } from '@/pure/times'
import { cleanViews, type SavedView } from '@/pure/views'

export type Look = 'system' | 'light' | 'dark'
export interface Settings { look: Look; zone: Zone; columns: string[]; facets: string[]; views: SavedView[] }

const place = 'falconer-console'
export const firstFacets = ['priority', 'rule', 'cluster', 'namespace', 'workload', 'image', 'host', 'tag', 'source']

/** Any text becomes settings. */
export function settingsFrom(text: string | null): Settings {
    const found: Settings = { look: 'system', zone: 'local', columns: firstColumns, facets: firstFacets, views: [] }
    try {
        const kept = JSON.parse(text ?? '{}') as Partial<Settings> | null
        if (kept?.look === 'light' || kept?.look === 'dark') found.look = kept.look
        if (kept?.zone === 'utc') found.zone = 'utc'
        if (kept?.columns) found.columns = cleanColumns(kept.columns)
        found.views = cleanViews(kept?.views)
        if (Array.isArray(kept?.facets)) {
            const names = kept.facets.filter((each): each is string => typeof each === 'string' && each !== '').slice(0, 12)
            if (names.length > 0) found.facets = names
        }
    } catch {
        // as if there were none
    }
    return found
}

function kept(): string | null {
    try {
        return localStorage.getItem(place)
    } catch {
        return null // a browser that keeps nothing
    }
}

export const settings = reactive(settingsFrom(kept()))

watch(settings, (now) => {
    try {
        localStorage.setItem(place, JSON.stringify(now))
    } catch {
        // then they hold until the page is closed
    }
})
