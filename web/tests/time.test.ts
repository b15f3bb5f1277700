import { describe, expect, it } from 'vitest'
import type { Histogram } from '@/api/types'
import { barsOf, brushed, roundUp, timeTicks } from '@/pure/chart'
import { ago, fromField, offsetOf, shifted, shownTime, spanName, toField } from '@/pure/times'

describe('times', () => {
    it('are shown in UTC with their own digits', () => {
        expect(shownTime('2026-11-16T00:20:26.7792Z', 'utc')).toBe('2026-11-16 00:20:26')
        expect(shownTime('2026-11-16T00:20:26.779201234Z', 'utc', 9)).toBe('2026-11-16 00:20:26.779201234')
        expect(shownTime('2026-11-16T00:20:26Z', 'utc', 9)).toBe('2026-11-16 00:20:26.000')
        expect(shownTime('never', 'utc')).toBe('never')
    })
    it('are the same moment in the local zone', () => {
        const text = '2026-11-16T00:20:26.000Z'
        expect(new Date(`${shownTime(text, 'local').replace(' ', 'T')}${offsetOf(new Date(text), 'local')}`).toISOString()).toBe(text)
    })
    it('say how long ago they were', () => {
        const now = new Date('2026-11-16T12:00:00Z')
        expect([ago('2026-11-16T11:59:59Z', now), ago('2026-11-16T11:59:00Z', now), ago('2026-11-14T11:00:00Z', now), ago('2026-11-16T13:00:00Z', now), ago('x', now)])
            .toEqual(['just now', '1 minute ago', '2 days ago', 'in 1 hour', 'x'])
    })
    it('go into a field and come back', () => {
        for (const zone of ['utc', 'local'] as const) expect(fromField(toField('2026-11-16T00:20:26.000Z', zone), zone)).toBe('2026-11-16T00:20:26.000Z')
        expect(fromField('yesterday', 'utc')).toBeUndefined()
    })
    it('have names for their spans', () => {
        expect(spanName('-24h', undefined, 'utc')).toBe('Last 24 hours')
        expect(spanName(undefined, undefined, 'utc')).toBe('All that is kept')
        expect(spanName('2026-11-16T00:00:00Z', undefined, 'utc')).toBe('2026-11-16 00:00:00 – now')
        expect(shifted('2026-11-16T00:00:00Z', -60)).toBe('2026-11-15T23:59:00.000Z')
    })
})

describe('the histogram', () => {
    const histogram: Histogram = {
        since: '2026-11-16T00:00:00Z', until: '2026-11-16T10:00:00Z', step: 3600, total: 40, exact: true,
        buckets: [{ at: '2026-11-16T00:00:00Z', count: 10, priorities: { Critical: 4, Debug: 6 } }, { at: '2026-11-16T09:00:00Z', count: 30, priorities: { Notice: 30 } }],
    }
    it('has bars of all its weights', () => {
        const { bars, top } = barsOf(histogram)
        expect(top).toBe(50)
        expect(bars.map(({ x, width }) => [x, width])).toEqual([[0, 0.1], [0.9, 0.1]])
        expect(bars[0]!.pieces).toEqual([{ weight: 'error', from: 0, height: 0.08 }, { weight: 'unknown', from: 0.08, height: 0.12 }])
    })
    it('has round ticks, in either zone', () => {
        expect(timeTicks(histogram, 4, 0).map(({ at }) => at.slice(11, 16))).toEqual(['00:00', '03:00', '06:00', '09:00'])
        expect(timeTicks(histogram, 4, 3600).map(({ at }) => at.slice(11, 16))).toEqual(['02:00', '05:00', '08:00'])
    })
    it('is brushed in whole buckets, either way round, within itself', () => {
        expect(brushed(histogram, 0.55, 0.31)).toEqual({ since: '2026-11-16T03:00:00.000Z', until: '2026-11-16T06:00:00.000Z' })
        expect(brushed(histogram, 0.5, 0.5)).toEqual({ since: '2026-11-16T05:00:00.000Z', until: '2026-11-16T06:00:00.000Z' })
        expect(brushed(histogram, -3, 9)).toEqual({ since: '2026-11-16T00:00:00.000Z', until: '2026-11-16T10:00:00.000Z' })
    })
    it('counts up to round numbers', () => { expect([0, 1, 3, 11, 99, 1001].map(roundUp)).toEqual([1, 1, 5, 20, 100, 2000]) })
})
