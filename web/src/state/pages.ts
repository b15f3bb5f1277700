// A list that comes in pages.
import { onScopeDispose, ref, shallowRef, type Ref, watch } from 'vue'
import { isAbort } from '@/api/problems'

export interface Page<Item> { items: Item[]; next: string | null }

export function usePages<Question, Item>(
    question: Ref<Question>, ask: (question: Question, cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
) {
    const items = shallowRef<Item[]>([])
    const next = ref<string | null>(null)
    const error = shallowRef<unknown>()
    const busy = ref(false)
    let work = new AbortController()

    async function load(cursor?: string) {
        if (cursor === undefined) {
            work.abort()
            work = new AbortController()
        }
        const { signal } = work
        busy.value = true
        error.value = undefined
        try {
            const page = await ask(question.value, cursor, signal)
            if (signal.aborted) return
            items.value = cursor === undefined ? page.items : [...items.value, ...page.items]
            next.value = page.next
        } catch (problem) {
            if (signal.aborted || isAbort(problem)) return
            error.value = problem
        } finally {
            if (!signal.aborted) busy.value = false
        }
    }

    watch(question, () => load(), { immediate: true })
    onScopeDispose(() => work.abort())
    return { items, next, error, busy, again: () => load(), more: () => (next.value === null ? undefined : load(next.value)) }
}
