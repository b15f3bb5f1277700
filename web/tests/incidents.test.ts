// Words and rules of incidents.
import { describe, expect, it } from 'vitest'
import type { FirstSeen, Incident } from '@/api/incidents'
import { barsOf, eventsOf, firstSeenWords, lacking, seriesWords, workloadTitle } from '@/pure/incidents'
import { wordsOf } from '@/pure/triage'

const incident = (workload: Incident['workload']): Incident => ({
    id: '1', cluster: { identity: 'shoot--a--b' }, rule: 'A shell', workload, priority: 'Error', count: 1, first: '', last: '', state: 'open', reopened: false, assignee: null, action: '0',
    series: { since: '2026-01-01T00:00:00Z', step: 3600, counts: [] },
})

describe('an incident', () => {
    it('has events that a filter finds', () => {
        expect(eventsOf(incident({ kind: 'pod', namespace: 'shop', name: 'web' }))).toBe('rule:"A shell" cluster:shoot--a--b workload:web namespace:shop')
        expect(eventsOf(incident({ kind: 'container', namespace: '', name: 'etcd' }))).toBe('rule:"A shell" cluster:shoot--a--b container.name:etcd')
        expect(eventsOf(incident({ kind: 'node', namespace: '', name: '' }))).toBe('rule:"A shell" cluster:shoot--a--b container.id:host')
        expect(eventsOf(incident({ kind: 'others', namespace: '', name: '' }))).toBe('rule:"A shell" cluster:shoot--a--b')
    })
    it('has a place in words', () => {
        expect(workloadTitle({ kind: 'pod', namespace: 'shop', name: 'web' })).toBe('shop/web')
        expect(workloadTitle({ kind: 'pod', namespace: '', name: 'web' })).toBe('web')
        expect(workloadTitle({ kind: 'node', namespace: '', name: '' })).toContain('nodes')
    })
    it('is changed for a reason', () => {
        expect(lacking({})).not.toBe('')
        expect(lacking({ state: 'resolved' })).toBe('')
        expect(lacking({ state: 'ignored' })).toContain('reason')
        expect(lacking({ state: 'ignored', reason: 'a drill' })).toBe('')
        expect(lacking({ assignee: '' })).toBe('')
    })
    it('is drawn as bars, of which none that is something is nothing', () => {
        const bars = barsOf({ since: '2026-01-01T00:00:00Z', step: 3600, counts: [0, 1, 1000] }, 30, 20)
        expect(bars.map(({ height }) => height)).toEqual([0, 1, 20])
        expect(bars.map(({ x }) => x)).toEqual([0, 10, 20])
        expect(bars[2]!.at).toBe('2026-01-01T02:00:00.000Z')
        expect(barsOf({ since: '2026-01-01T00:00:00Z', step: 3600, counts: [] }, 30, 20)).toEqual([])
        expect(seriesWords({ since: '', step: 21_600, counts: Array<number>(28).fill(2) })).toBe('56 in 7 days, 2 at most in 6 hours')
    })
    it('tells whether its image did that before', () => {
        const seen = (more: Partial<FirstSeen>): FirstSeen => ({ image: 'x', since: '', here: null, earliest: null, clusters: 0, isFirst: false, isFirstHere: false, incident: null, ...more })
        expect(firstSeenWords(seen({ isFirst: true, isFirstHere: true }))).toContain('This image never did that before')
        expect(firstSeenWords(seen({ isFirstHere: true }))).toContain('in this cluster')
        expect(firstSeenWords(seen({ image: null, isFirst: true }))).toContain('no image')
        expect(firstSeenWords(seen({}))).toBe('')
    })
    it('has a story in words', () => {
        const action = { id: '1', at: '', by: 'a', what: 'incident' as const, state: 'resolved' as const, assignee: null, expires: null, reason: '', comment: '', undoes: null, undoneBy: null, suppression: null }
        expect(wordsOf(action)).toBe('made it resolved')
        expect(wordsOf({ ...action, state: null, assignee: 'bob' })).toBe('gave it to bob')
        expect(wordsOf({ ...action, what: 'reopen', state: 'open' })).toContain('happened again')
    })
})
