// JSON laid out for reading without parsing it: a number keeps all its digits, a doubled key stays doubled.

/** The same text with line breaks and blanks. What is no JSON comes back as it is. */
export function laidOut(text: string, indent = '  '): string {
    const tokens = text.trim().match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gsu)
    if (!tokens || tokens.join('').length !== text.replace(/("(?:[^"\\]|\\.)*")|\s+/gsu, '$1').length) return text
    let out = ''
    let depth = 0
    const line = () => `\n${indent.repeat(Math.max(0, depth))}`
    tokens.forEach((token, at) => {
        if (token === '{' || token === '[') {
            ++depth
            out += token
            if (tokens[at + 1] !== (token === '{' ? '}' : ']')) out += line()
        } else if (token === '}' || token === ']') {
            --depth
            if (tokens[at - 1] !== (token === '}' ? '{' : '[')) out += line()
            out += token
        } else if (token === ',') out += token + line()
        else out += token === ':' ? ': ' : token
    })
    return out
}
