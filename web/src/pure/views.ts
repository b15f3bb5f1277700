// Views that a person keeps under a name: each is an address of the page.

export interface SavedView { name: string; to: string }

export const mostViews = 50
export const longestName = 80

/** Anything becomes a list of views: what is damaged or leads elsewhere is left out. */
export function cleanViews(kept: unknown): SavedView[] {
    if (!Array.isArray(kept)) return []
    const names = new Set<string>()
    const views: SavedView[] = []
    for (const each of kept as (Partial<SavedView> | null)[]) {
        if (typeof each?.name !== 'string' || typeof each.to !== 'string') continue
        const name = each.name.trim().slice(0, longestName)
        if (name === '' || names.has(name) || !/^\/(?!\/|\\)/u.test(each.to) || each.to.length > 8000) continue
        names.add(name)
        views.push({ name, to: each.to })
    }
    return views.slice(0, mostViews)
}

/** With this one; one of the same name gives way to it. In the order of their names. */
export function withView(views: SavedView[], view: SavedView): SavedView[] {
    return cleanViews([view, ...views.filter(({ name }) => name !== view.name.trim())]).sort((a, b) => a.name.localeCompare(b.name, 'en'))
}
