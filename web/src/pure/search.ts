// Filters as text: what the search field and the clicks on values need. Their meaning is the server's alone.

/** A word of a filter, with where it stands (in UTF-16 units). Groups in parentheses are one word. */
export interface Term {
    from: number
    to: number
    negated: boolean
    field?: string
    /** What is behind the field's mark, with its quotes. */
    value: string
}

const mark = /^("(?:[^"\\]|\\.)*"|[^\s:()<>="]+)(:|>=|<=|>|<)/u

/** The words of a filter, in their order. Takes any text: what is not closed goes on to the end. */
export function termsOf(q: string): Term[] {
    const terms: Term[] = []
    let at = 0
    while (at < q.length) {
        if (/\s/u.test(q[at]!)) {
            ++at
            continue
        }
        const from = at
        let depth = 0
        for (let quoted = false; at < q.length; ++at) {
            const sign = q[at]!
            if (sign === '\\') ++at
            else if (sign === '"') quoted = !quoted
            else if (quoted) continue
            else if (sign === '(') ++depth
            else if (sign === ')') --depth
            else if (depth <= 0 && /\s/u.test(sign)) break
        }
        at = Math.min(at, q.length)
        terms.push(termOf(q.slice(from, at), from, at))
    }
    return terms
}

function termOf(text: string, from: number, to: number): Term {
    const negated = text.startsWith('-') && text.length > 1
    const rest = negated ? text.slice(1) : text
    const found = mark.exec(rest)
    if (!found) return { from, to, negated, value: rest }
    return { from, to, negated, field: unquote(found[1]!), value: rest.slice(found[1]!.length + (found[2] === ':' ? 1 : 0)) }
}

/** The text of a quoted value, or the value as it is. */
export function unquote(value: string): string {
    const closed = /^"((?:[^"\\]|\\.)*)"$/su.exec(value)
    return closed ? closed[1]!.replace(/\\(.)/gsu, '$1') : value
}

/** In quotes. Half a pair of surrogates cannot be in an address. */
function quoted(text: string): string {
    return `"${text.replace(/\p{Surrogate}/gu, '\uFFFD').replace(/["\\]/gu, '\\$&')}"`
}

/** The value as a filter writes it: in quotes unless it is plain. */
export function quote(value: string): string {
    const plain = /^[\p{L}\p{N}_./@+][\p{L}\p{N}_./@+-]*$/u.test(value) && !/\.\./u.test(value) && !/^(?:OR|AND|NOT)$/u.test(value)
    return plain ? value : quoted(value)
}

/** A field's name as a filter writes it. */
export function fieldName(name: string): string {
    return /^[A-Za-z_](?:[A-Za-z0-9_.[\]-]*[A-Za-z0-9_\]])?$/u.test(name) ? name : quoted(name)
}

/** `field:value`, or `-field:value`. */
export function wordFor(field: string, value: string, negated = false): string {
    return `${negated ? '-' : ''}${fieldName(field)}:${quote(value)}`
}

function find(q: string, field: string, value: string): Term | undefined {
    return termsOf(q).find((term) => term.field === field && unquote(term.value) === value)
}

/** 'in' if the filter asks for this value, 'out' if it excludes it. */
export function standing(q: string, field: string, value: string): 'in' | 'out' | undefined {
    const term = find(q, field, value)
    return term && (term.negated ? 'out' : 'in')
}

/** The filter with that word in it, or without it if it was there. Its opposite goes in any case. */
export function toggled(q: string, field: string, value: string, negated = false): string {
    const old = find(q, field, value)
    const rest = old ? `${q.slice(0, old.from)} ${q.slice(old.to)}`.replace(/\s+/gu, ' ').trim() : q.trim()
    if (old?.negated === negated) return rest
    return `${rest} ${wordFor(field, value, negated)}`.trim()
}

/** What the cursor stands in: a word that begins a field's name, or a value behind one. */
export interface Place {
    kind: 'field' | 'value'
    field?: string
    /** What has been typed of it so far, without quotes. */
    typed: string
    /** The part of the text that a completion takes the place of. */
    from: number
    to: number
}

/** Where a completion would go; nothing inside of a lone quoted text. */
export function placeAt(q: string, caret: number): Place | undefined {
    const term = termsOf(q).find((each) => each.from <= caret && caret <= each.to)
    if (!term) return { kind: 'field', typed: '', from: caret, to: caret }
    const from = term.from + (term.negated ? 1 : 0)
    const typed = q.slice(from, caret)
    const found = mark.exec(typed)
    if (found) {
        const begin = from + found[0].length
        const value = q.slice(begin, caret)
        // In a group it is the last value that is being typed.
        const last = /^\(?(?:.*[\s(])?("?[^"\s(]*)$/su.exec(value)
        const partial = value.startsWith('(') ? (last?.[1] ?? '') : value
        return {
            kind: 'value', field: unquote(found[1]!), typed: partial.replace(/^"/u, ''), from: caret - partial.length,
            to: value.startsWith('(') ? caret : term.to,
        }
    }
    if (/^["(]/u.test(typed)) return undefined
    return { kind: 'field', typed, from, to: caret }
}

/** The text with the completion in it, and where the cursor is then. */
export function completed(q: string, place: Place, text: string): { q: string; caret: number } {
    const caret = place.from + text.length
    return { q: q.slice(0, place.from) + text + q.slice(place.to), caret }
}

/** What a problem's column and length (characters, from 1) are in the text: before, at fault, after. */
export function atFault(q: string, column: number, length: number): [string, string, string] {
    const signs = Array.from(q)
    const begin = Math.min(column - 1, signs.length)
    return [signs.slice(0, begin).join(''), signs.slice(begin, begin + length).join(''), signs.slice(begin + length).join('')]
}
