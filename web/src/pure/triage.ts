// Words and rules of triage.
import { hidingStates, type Action, type Judgement, type TriageState } from '@/api/triage'
import type { FullEvent } from '@/api/types'
import { wordFor } from './search'

export function stateColor(state: TriageState): string {
    switch (state) {
        case 'true positive': return 'error'
        case 'in progress': return 'warning'
        case 'acknowledged': return 'info'
        default: return 'unknown'
    }
}

/** Terms that one may choose from, in days; 0: for good. */
export const terms: [number, string][] = [[0, 'for good'], [1, 'for a day'], [7, 'for 7 days'], [30, 'for 30 days'], [90, 'for 90 days'], [365, 'for a year']]

export const inDays = (days: number, now = Date.now()): string | undefined => (days > 0 ? new Date(now + days * 86_400_000).toISOString() : undefined)

/** What is missing before it can be done; '' nothing. */
export function missing(what: Judgement): string {
    if (what.state === undefined && what.assignee === undefined && !what.comment) return 'Choose a state, an assignee or write a comment.'
    if (what.state && hidingStates.includes(what.state) && !what.reason?.trim()) return 'What is put out of sight needs a reason.'
    return ''
}

/** What somebody did, in words. */
export function wordsOf(action: Action): string {
    const to = [action.state && `marked as ${action.state}`, action.assignee !== null && action.what === 'assess' && (action.assignee ? `given to ${action.assignee}` : 'given to nobody')]
    switch (action.what) {
        case 'assess': return to.filter(Boolean).join(', ') || 'commented'
        case 'undo': return `undid an action${action.state ? `; it is ${action.state}` : ''}`
        case 'suppress': return 'made a suppression'
        case 'change': return 'changed a suppression'
        case 'lift': return 'lifted a suppression'
        case 'incident': return [action.state && `made it ${action.state}`, action.assignee !== null && (action.assignee ? `gave it to ${action.assignee}` : 'gave it to nobody')].filter(Boolean).join(', ') || 'commented'
        case 'reopen': return 'opened an incident that has happened again'
    }
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** What finds such events: of the same rule, the same process and the same place. */
export function filterFor(event: FullEvent): string {
    const words = [wordFor('rule', event.rule)]
    for (const name of ['proc.name', 'k8s.ns.name', 'container.image.repository']) {
        const field = event.fields.find((each) => each.name === name)
        if (field && field.kind === 'string' && field.text !== '') words.push(wordFor(name, field.text))
    }
    return words.join(' ')
}
