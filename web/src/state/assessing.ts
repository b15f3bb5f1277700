// An assessment under way: its dialog, what came of it, and how it is undone.
import { ref } from 'vue'
import { ApiProblem } from '@/api/client'
import { adviceFor } from '@/api/problems'
import { type Assessed, isConflict, type Judgement, undo } from '@/api/triage'
import { counted } from '@/pure/triage'
import { say } from './notice'

/** `changed`: the events stand otherwise now than one has seen. */
export function useAssessing(changed: () => void) {
    const open = ref(false)
    const busy = ref(false)
    const problem = ref('')

    async function takeBack(action: string) {
        try {
            const { events, passed } = await undo(action)
            say(`${counted(events, 'event stands', 'events stand')} as before${passed ? `; ${passed.toLocaleString('en')} had been assessed anew` : ''}`, 'success')
        } catch (wrong) {
            say(`Not undone. ${adviceFor(wrong).text}`, 'error')
        }
        changed()
    }

    function begin() {
        problem.value = ''
        open.value = true
    }

    async function carryOut(what: Judgement, how: (what: Judgement) => Promise<Assessed>) {
        busy.value = true
        problem.value = ''
        try {
            const done = await how(what)
            open.value = false
            const rest = done.more ? ', the newest; there are more' : done.complete ? '' : '; older ones were not looked for in time'
            say(`${counted(done.events, 'event')} assessed${rest}`, 'success', undefined, done.events > 0 ? { title: 'Undo', run: () => void takeBack(done.action) } : undefined)
            changed()
        } catch (wrong) {
            const { title, text } = adviceFor(wrong)
            if (wrong instanceof ApiProblem && isConflict(wrong.problem)) {
                open.value = false
                say(`${title}. ${text}`, 'warning')
                changed()
            } else {
                problem.value = `${title}. ${text}`
            }
        } finally {
            busy.value = false
        }
    }
    return { open, busy, problem, begin, carryOut, takeBack }
}
