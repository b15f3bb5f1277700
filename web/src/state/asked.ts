// Something that is asked of the API whenever its question changes; only the last answer counts.
import { onScopeDispose, ref, shallowRef, type Ref, watch } from 'vue'
import { isAbort } from '@/api/problems'

/** `ask` gets the question; undefined asks nothing and clears the answer. */
export function useAsked<Question, Answer>(
    question: Ref<Question | undefined>, ask: (question: Question, signal: AbortSignal) => Promise<Answer>,
) {
    const answer = shallowRef<Answer>()
    const error = shallowRef<unknown>()
    const busy = ref(false)
    let work = new AbortController()

    async function again() {
        work.abort()
        work = new AbortController()
        const { signal } = work
        error.value = undefined
        if (question.value === undefined) {
            answer.value = undefined
            busy.value = false
            return
        }
        busy.value = true
        try {
            const found = await ask(question.value, signal)
            if (!signal.aborted) answer.value = found
        } catch (problem) {
            if (signal.aborted || isAbort(problem)) return
            error.value = problem
            answer.value = undefined
        } finally {
            if (!signal.aborted) busy.value = false
        }
    }

    watch(question, again, { immediate: true })
    onScopeDispose(() => work.abort())
    return { answer, error, busy, again }
}
