import { effectScope, ref } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as api from '@/api/client'
import { type TailListener, type TailOptions, follow } from '@/api/tail'
import type { EventPage, EventSummary } from '@/api/types'
import { useEventList } from '@/state/event_list'

vi.mock('@/api/client')
vi.mock('@/api/tail')

const event = (key: string) => ({ key, rule: 'r', fields: {} }) as unknown as EventSummary
const page = (events: EventSummary[]): EventPage => ({ events, next: null, complete: true, reached: '', tail: '1.0' }) as EventPage

describe('a list that is followed', () => {
    let heard: { options: TailOptions; listener: TailListener }[] = []
    const scope = effectScope()

    beforeEach(() => {
        vi.useFakeTimers()
        heard = []
        vi.mocked(api.events).mockResolvedValue(page([event('first')]))
        vi.mocked(follow).mockImplementation(async (options, listener) => { heard.push({ options, listener }) })
    })
    afterEach(() => {
        scope.stop()
        vi.useRealTimers()
    })

    it('stays short however long one looks, also where it began with all there was', async () => {
        const list = scope.run(() => useEventList(ref({ q: '' }), ref([]), ref(true)))!
        await vi.runOnlyPendingTimersAsync()
        list.following.value = true
        for (let gulp = 0; gulp < 30; ++gulp) {
            for (let at = 0; at < 100; ++at) heard.at(-1)!.listener.onEvent(event(`${gulp}-${at}`))
            await vi.advanceTimersByTimeAsync(300)
            expect(list.events.value.length).toBeLessThanOrEqual(1100)
        }
        expect(vi.mocked(api.events).mock.calls.length).toBeGreaterThan(1)
        const [before] = heard
        const shown = list.freshCount.value
        before!.listener.onEvent(event('of a search that was left'))
        expect(list.freshCount.value).toBe(shown)
    })
})
