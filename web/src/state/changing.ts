// Incidents that somebody is about to change: the dialog, and what came of it.
import { ref, shallowRef } from 'vue'
import { ApiProblem } from '@/api/client'
import { act, type Incident, type IncidentState, type Verdict } from '@/api/incidents'
import { adviceFor } from '@/api/problems'
import { isConflict } from '@/api/triage'
import { counted } from '@/pure/triage'
import { say } from './notice'

/** `changed`: they stand otherwise now than one has seen. */
export function useChanging(changed: () => void) {
    const open = ref(false)
    const busy = ref(false)
    const problem = ref('')
    const first = ref<IncidentState>()
    const which = shallowRef<Incident[]>([])

    /** `at`: the state that the dialog begins with. */
    function begin(these: Incident[], at?: IncidentState) {
        which.value = these
        first.value = at
        problem.value = ''
        open.value = true
    }

    async function carryOut(what: Verdict, on = which.value) {
        busy.value = true
        problem.value = ''
        try {
            const done = await act(on, what)
            open.value = false
            say(`${counted(done.incidents, 'incident')} ${what.state ? `made ${what.state}` : 'changed'}`, 'success')
            changed()
        } catch (wrong) {
            const { title, text } = adviceFor(wrong)
            if (open.value && !(wrong instanceof ApiProblem && isConflict(wrong.problem))) {
                problem.value = `${title}. ${text}`
            } else {
                open.value = false
                say(`${title}. ${text}`, 'warning')
                changed()
            }
        } finally {
            busy.value = false
        }
    }
    return { open, busy, problem, first, which, begin, carryOut }
}
