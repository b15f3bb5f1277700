import { describe, expect, it } from 'vitest'
import type { Overview } from '@/api/landscape'
import { clusterPlace, eventsOf, heat, heatMapOf, nextDay, scopeFilter, shortCount } from '@/pure/overview'
import { cleanViews, mostViews, withView } from '@/pure/views'
import { settingsFrom } from '@/state/settings'

describe('a page about many clusters', () => {
    it.each([[0, '0'], [999, '999'], [1000, '1k'], [1234, '1.2k'], [9949, '9.9k'], [9950, '10k'], [56_400, '56k'], [999_400, '999k'], [999_600, '1M'], [1_250_000, '1.3M'], [7e9, '7G']])('writes %d as %s', (count, text) => {
        expect(shortCount(count)).toBe(text)
    })
    it('is cold where nothing is, and hottest where most is', () => {
        expect([heat(0, 100), heat(5, 0), heat(100, 100)]).toEqual([0, 0, 1])
        expect(heat(1, 1_000_000)).toBeGreaterThan(0.15)
        expect(heat(1000, 1_000_000)).toBeCloseTo(0.15 + 0.85 / 2, 1)
    })
    it('has the rules that come most often as columns, and every cluster as a row', () => {
        const cluster = (identity: string, rules: Record<string, number>) => ({
            cluster: { identity }, count: 9, hidden: 0, rules: Object.entries(rules).map(([rule, count]) => ({ rule, count })),
        })
        const map = heatMapOf({ noisiest: [cluster('a', { one: 5, two: 3, three: 1 }), cluster('b', { two: 4 })] } as unknown as Overview, 2)
        expect(map.rules).toEqual(['two', 'one'])
        expect(map.rows.map(({ cells }) => cells)).toEqual([[3, 5], [4, 0]])
        expect(map.most).toBe(5)
        expect(heatMapOf({ noisiest: [] } as unknown as Overview, 2)).toEqual({ rules: [], rows: [], most: 0 })
    })
    it('asks for the events behind its numbers', () => {
        expect(scopeFilter({})).toBe('')
        expect(scopeFilter({ namespace: 'garden-shop', shoot: 'odd name' })).toBe('project:shop shoot:"odd name"')
        expect(scopeFilter({ namespace: 'garden' })).toBe('project:garden')
        expect(scopeFilter({ cluster: 'seed-1' })).toBe('cluster:seed-1')
        expect(eventsOf('q', '2026-11-30', '2026-12-01', 'only')).toEqual({ name: 'events', query: { q: 'q', since: '2026-11-30T00:00:00Z', until: '2026-12-01T00:00:00Z', hidden: 'only' } })
        expect(eventsOf('', '2026-11-30', undefined, 'without').query).toEqual({ q: '', since: '2026-11-30T00:00:00Z' })
        expect([nextDay('2026-12-31'), nextDay('2026-02-28')]).toEqual(['2027-01-01', '2026-03-01'])
        expect(clusterPlace({ identity: 'x' }, 14)).toEqual({ name: 'cluster', params: { identity: 'x' }, query: { days: '14' } })
    })
})

describe('saved views', () => {
    it('keep what is a name and an address of the page, whatever was kept', () => {
        const kept = [null, 7, {}, { name: 'a', to: '/events?q=x' }, { name: 'a', to: '/other' }, { name: ' ', to: '/x' }, { name: 'b', to: 'https://elsewhere.example.com' }, { name: 'c', to: '//elsewhere' }, { name: 'd', to: '/\\elsewhere' }]
        expect(cleanViews(kept)).toEqual([{ name: 'a', to: '/events?q=x' }])
        expect(cleanViews('no')).toEqual([])
        expect(cleanViews(Array.from({ length: 80 }, (_, n) => ({ name: `n${n}`, to: '/' })))).toHaveLength(mostViews)
    })
    it('have one of each name, in its order', () => {
        const one = withView([{ name: 'b', to: '/b' }, { name: 'a', to: '/old' }], { name: 'a', to: '/new' })
        expect(one).toEqual([{ name: 'a', to: '/new' }, { name: 'b', to: '/b' }])
        expect(withView(one, { name: '  ', to: '/' })).toEqual(one)
    })
    it('are among the settings', () => {
        expect(settingsFrom('{"views":[{"name":"a","to":"/x"}]}').views).toEqual([{ name: 'a', to: '/x' }])
        expect(settingsFrom('{"views":7}').views).toEqual([])
    })
})
