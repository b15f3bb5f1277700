// Words and rules of triage.
import { describe, expect, it } from 'vitest'
import type { Action } from '@/api/triage'
import type { FullEvent } from '@/api/types'
import { counted, filterFor, inDays, missing, wordsOf } from '@/pure/triage'

const action = (more: Partial<Action>): Action => ({
    id: '1', at: '', by: 'a', what: 'assess', state: null, assignee: null, expires: null, reason: '', comment: '', undoes: null, undoneBy: null, suppression: null, ...more,
})

describe('an assessment', () => {
    it('needs something to do, and a reason for what hides', () => {
        expect(missing({})).not.toBe('')
        expect(missing({ state: 'acknowledged' })).toBe('')
        expect(missing({ state: 'false positive' })).toContain('reason')
        expect(missing({ state: 'suppressed', reason: ' ' })).toContain('reason')
        expect(missing({ state: 'suppressed', reason: 'a drill' })).toBe('')
        expect(missing({ assignee: '' })).toBe('')
        expect(missing({ comment: 'hm' })).toBe('')
    })
    it('ends so many days from now, or never', () => {
        expect(inDays(0)).toBeUndefined()
        expect(inDays(30, Date.UTC(2026, 0, 1))).toBe('2026-01-31T00:00:00.000Z')
    })
    it('is told in words', () => {
        expect(wordsOf(action({ state: 'true positive', assignee: 'bob' }))).toBe('marked as true positive, given to bob')
        expect(wordsOf(action({ assignee: '' }))).toBe('given to nobody')
        expect(wordsOf(action({ comment: 'x' }))).toBe('commented')
        expect(wordsOf(action({ what: 'undo', state: 'new' }))).toBe('undid an action; it is new')
        expect(counted(1, 'event')).toBe('1 event')
        expect(counted(4112, 'event')).toBe('4,112 events')
    })
})

it('the filter for such events names rule, process and place', () => {
    const event = { rule: 'Terminal shell', fields: [
        { name: 'k8s.ns.name', kind: 'string', text: 'shop' }, { name: 'proc.name', kind: 'string', text: 'my "bash"' }, { name: 'container.image.repository', kind: 'null', text: 'null' },
    ] } as unknown as FullEvent
    expect(filterFor(event)).toBe('rule:"Terminal shell" proc.name:"my \\"bash\\"" k8s.ns.name:shop')
})
