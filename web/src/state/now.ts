// The present, as far as a page needs it: it moves every 10 seconds while somebody looks.
import { onScopeDispose, ref, type Ref } from 'vue'

export function useNow(): Ref<Date> {
    const now = ref(new Date())
    const timer = setInterval(() => { now.value = new Date() }, 10_000)
    onScopeDispose(() => clearInterval(timer))
    return now
}
