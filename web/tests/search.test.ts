import { describe, expect, it } from 'vitest'
import { atFault, completed, fieldName, placeAt, quote, standing, termsOf, toggled, unquote, wordFor } from '@/pure/search'

describe('the words of a filter', () => {
    it('are split at blanks, but not inside of quotes and parentheses', () => {
        const q = 'curl  "two words" -k8s.ns.name:(a OR b) rule:"Terminal shell" priority>=warning'
        expect(termsOf(q).map(({ from, to }) => q.slice(from, to))).toEqual(
            ['curl', '"two words"', '-k8s.ns.name:(a OR b)', 'rule:"Terminal shell"', 'priority>=warning'])
    })
    it('know their field and whether they are negated', () => {
        expect(termsOf('-proc.aname[2]:"a b"')[0]).toMatchObject({ negated: true, field: 'proc.aname[2]', value: '"a b"' })
        expect(termsOf('"odd name":x')[0]).toMatchObject({ negated: false, field: 'odd name', value: 'x' })
        expect(termsOf('-')[0]).toMatchObject({ negated: false, value: '-' })
    })
    it.each(['', '"', '((', '\\', 'a:"b\\', ')', '-"', ' \u3000 x'])('take any text: %j', (q) => {
        for (const { from, to } of termsOf(q)) expect(to).toBeGreaterThan(from)
    })
})

describe('quoting', () => {
    it.each(['a b', 'x"y', 'back\\slash', '*', 'a:b', '(x)', '', '-1', 'OR', '1..5', '>5', 'ünï', '/etc/shadow', 'a?', '\n'])('gives %j back', (value) => {
        expect(unquote(quote(value))).toBe(value)
        expect(termsOf(`x ${wordFor('rule', value)} y`)).toHaveLength(3)
    })
    it('leaves plain values plain and nothing else', () => {
        expect([quote('shop'), quote('/bin/sh'), quote('a*'), quote('-x')]).toEqual(['shop', '/bin/sh', '"a*"', '"-x"'])
        expect([fieldName('proc.aname[2]'), fieldName('odd name')]).toEqual(['proc.aname[2]', '"odd name"'])
    })
})

it('half a pair of surrogates does not get into an address', () => {
    expect(() => encodeURIComponent(wordFor('rule', 'a\ud83d'))).not.toThrow()
    expect(quote('😀 \udc00')).toBe('"😀 \ufffd"')
})

describe('a click on a value', () => {
    it('asks for it, and a second one no longer', () => {
        const once = toggled('curl', 'rule', 'Terminal shell')
        expect(once).toBe('curl rule:"Terminal shell"')
        expect(standing(once, 'rule', 'Terminal shell')).toBe('in')
        expect(toggled(once, 'rule', 'Terminal shell')).toBe('curl')
    })
    it('turns its opposite round', () => {
        expect(toggled('-host:a x', 'host', 'a')).toBe('x host:a')
        expect(toggled('host:a x', 'host', 'a', true)).toBe('x -host:a')
        expect(standing('-host:a', 'host', 'a')).toBe('out')
    })
})

describe('completion', () => {
    const at = (marked: string) => placeAt(marked.replace('|', ''), marked.indexOf('|'))
    it('knows where a name is being typed', () => {
        expect(at('curl pro|')).toEqual({ kind: 'field', typed: 'pro', from: 5, to: 8 })
        expect(at('-ru|')).toEqual({ kind: 'field', typed: 'ru', from: 1, to: 3 })
        expect(at('a |')).toMatchObject({ kind: 'field', typed: '', from: 2 })
    })
    it('knows where a value is being typed', () => {
        expect(at('rule:Term|')).toEqual({ kind: 'value', field: 'rule', typed: 'Term', from: 5, to: 9 })
        expect(at('rule:"Terminal sh|')).toEqual({ kind: 'value', field: 'rule', typed: 'Terminal sh', from: 5, to: 17 })
        expect(at('k8s.ns.name:(a OR b|)')).toMatchObject({ kind: 'value', field: 'k8s.ns.name', typed: 'b', from: 18, to: 19 })
        expect(at('priority>=w|')).toMatchObject({ kind: 'value', field: 'priority', typed: 'w', from: 10 })
    })
    it('stays out of a quoted text', () => { expect(at('"some tex|')).toBeUndefined() })
    it('puts its text in the place of what was typed', () => {
        expect(completed('x rule:Te y', at('x rule:Te| y')!, '"Terminal shell"')).toEqual({ q: 'x rule:"Terminal shell" y', caret: 23 })
    })
})

it('a mistake is marked by characters, not by units', () => {
    expect(atFault('😀 rule:', 3, 5)).toEqual(['😀 ', 'rule:', ''])
    expect(atFault('abc', 4, 0)).toEqual(['abc', '', ''])
})
