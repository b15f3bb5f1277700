// The histogram's arithmetic: where bars stand, which times and counts its axes name, what a brush selects.
import type { Bucket, Histogram } from '@/api/types'
import { byWeight, type Weight, weights } from './priority'

export interface Bar {
    at: string
    count: number
    /** From 0 (left) to 1. */
    x: number
    width: number
    /** Pieces from the bottom up, 0 to 1 of the height. */
    pieces: { weight: Weight; from: number; height: number }[]
}

/** Counts up to the next round number: 1, 2 or 5 with zeros behind. */
export function roundUp(count: number): number {
    if (count <= 1) return 1
    const size = 10 ** Math.floor(Math.log10(count))
    return [1, 2, 5, 10].map((each) => each * size).find((each) => each >= count)!
}

const seconds = (text: string) => new Date(text).getTime() / 1000

/** The span in seconds since 1970 that the chart shows. */
export function spanOf(histogram: Histogram): [number, number] {
    const from = seconds(histogram.since)
    return [from, Math.max(from + histogram.step, seconds(histogram.until))]
}

export function barsOf(histogram: Histogram): { bars: Bar[]; top: number } {
    const [from, to] = spanOf(histogram)
    const top = roundUp(Math.max(0, ...histogram.buckets.map(({ count }) => count)))
    const bars = histogram.buckets.map((bucket: Bucket): Bar => {
        const begin = Math.max(seconds(bucket.at), from)
        const end = Math.min(seconds(bucket.at) + histogram.step, to)
        const sums = byWeight(bucket.priorities)
        let under = 0
        const pieces = weights.filter((weight) => sums[weight] > 0).map((weight) => {
            const piece = { weight, from: under / top, height: sums[weight] / top }
            under += sums[weight]
            return piece
        })
        return { at: bucket.at, count: bucket.count, x: (begin - from) / (to - from), width: Math.max(0, end - begin) / (to - from), pieces }
    })
    return { bars, top }
}

const ticks = [60, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 7776000, 31536000]

/** At most `many` places with a round time (of the zone that is `offset` seconds ahead of UTC). */
export function timeTicks(histogram: Histogram, many: number, offset: number): { at: string; x: number; days: boolean }[] {
    const [from, to] = spanOf(histogram)
    const step = ticks.find((each) => (to - from) / each <= many) ?? to - from
    const found = []
    for (let at = Math.ceil((from + offset) / step) * step - offset; at < to; at += step) {
        found.push({ at: new Date(at * 1000).toISOString(), x: (at - from) / (to - from), days: step >= 86400 })
    }
    return found
}

/** The span that a brush from x to another (0 to 1) selects, widened to whole buckets, within the chart. */
export function brushed(histogram: Histogram, one: number, other: number): { since: string; until: string } {
    const [from, to] = spanOf(histogram)
    const place = (x: number) => from + Math.min(1, Math.max(0, x)) * (to - from)
    const low = Math.floor((place(Math.min(one, other)) - from) / histogram.step) * histogram.step + from
    const high = Math.ceil((place(Math.max(one, other)) - from) / histogram.step) * histogram.step + from
    const text = (at: number) => new Date(at * 1000).toISOString()
    return { since: text(low), until: text(Math.max(high, low + histogram.step)) }
}
