// The list of events of one search: its pages, and what arrives meanwhile.
import { computed, onScopeDispose, ref, shallowRef, type Ref, watch } from 'vue'
import * as api from '@/api/client'
import { isAbort } from '@/api/problems'
import { follow, type TailState } from '@/api/tail'
import type { EventSummary } from '@/api/types'

const pageSize = 50
const keptNew = 500 // of those that wait to be shown; beyond, the first page is loaded anew
const keptKnown = 20_000 // keys, against what comes twice: that is soon or never
const keptFollowed = 1000 // of a list that is followed: older ones come again with "older"

export function useEventList(search: Ref<api.Search>, fields: Ref<string[]>, wanted: Ref<boolean>) {
    const events = shallowRef<EventSummary[]>([])
    const next = ref<string | null>(null)
    const complete = ref(true)
    const reached = ref('')
    const busy = ref(false)
    const busyOlder = ref(false)
    const error = shallowRef<unknown>()
    const olderError = shallowRef<unknown>()
    const following = ref(false)
    const fresh = shallowRef<EventSummary[]>([])
    const freshCount = ref(0)
    const lost = ref(0)
    const tail = ref<TailState | 'off'>('off')
    const newest = ref('') // key of what has just been shown, for readers
    let known = new Set<string>()
    let work = new AbortController()
    let loadedFor = ''

    /** A search with an end in the past gets nothing new. */
    const hasEnd = computed(() => search.value.until !== undefined)

    function stop() {
        work.abort()
        work = new AbortController()
        tail.value = 'off'
    }

    async function load() {
        stop()
        const { signal } = work
        busy.value = true
        error.value = olderError.value = undefined
        try {
            const page = await api.events(search.value, { limit: pageSize, fields: fields.value }, signal)
            known = new Set(page.events.map(({ key }) => key))
            events.value = page.events
            fresh.value = []
            freshCount.value = lost.value = 0
            next.value = page.next
            complete.value = page.complete
            reached.value = page.reached
            if (!hasEnd.value) listen(page.tail, signal)
        } catch (problem) {
            if (isAbort(problem)) return
            error.value = problem
            events.value = []
            next.value = null
        } finally {
            if (!signal.aborted) busy.value = false
        }
    }

    function listen(from: string | undefined, signal: AbortSignal) {
        void follow({ ...search.value, fields: fields.value, from, signal }, {
            onEvent: (event) => { if (!signal.aborted) arrived(event) },
            onLost: (count) => { if (!signal.aborted) lost.value += count },
            onGap: () => { if (!signal.aborted) void load() },
            onState: (state) => { if (!signal.aborted) tail.value = state },
        })
    }

    function arrived(event: EventSummary) {
        if (known.has(event.key)) return
        known.add(event.key)
        if (known.size > keptKnown) known.delete(known.values().next().value!)
        freshCount.value += 1
        fresh.value = [event, ...fresh.value].slice(0, keptNew)
        if (following.value) scheduleShow()
    }

    // A storm is shown in gulps.
    let timer: ReturnType<typeof setTimeout> | undefined
    function scheduleShow() { timer ??= setTimeout(() => { timer = undefined; if (following.value) showNew() }, 250) }

    function showNew() {
        if (freshCount.value > fresh.value.length) return void load()
        newest.value = fresh.value[0]?.key ?? newest.value
        events.value = [...fresh.value, ...events.value]
        if (following.value && events.value.length > keptFollowed) return void load()
        fresh.value = []
        freshCount.value = 0
    }

    async function older() {
        if (next.value === null || busyOlder.value) return
        const { signal } = work
        busyOlder.value = true
        olderError.value = undefined
        try {
            const page = await api.events(search.value, { limit: pageSize, cursor: next.value, fields: fields.value }, signal)
            for (const { key } of page.events) known.add(key)
            events.value = [...events.value, ...page.events]
            next.value = page.next
            complete.value = page.complete
            reached.value = page.reached
        } catch (problem) {
            if (!isAbort(problem)) olderError.value = problem
        } finally {
            busyOlder.value = false
        }
    }

    watch([search, fields, wanted], (_now, [, , wasWanted]) => {
        if (!wanted.value) return
        // Coming back to a list that is still there keeps it, and its place.
        if (wasWanted === false && error.value === undefined && loadedFor === JSON.stringify([search.value, fields.value])) return
        loadedFor = JSON.stringify([search.value, fields.value])
        void load()
    }, { immediate: true })
    watch(following, () => { if (following.value && freshCount.value > 0) showNew() })
    onScopeDispose(() => {
        stop()
        clearTimeout(timer)
    })

    return {
        events, next, complete, reached, busy, busyOlder, error, olderError, following, freshCount, lost, tail, newest, hasEnd,
        load, older, showNew,
    }
}
