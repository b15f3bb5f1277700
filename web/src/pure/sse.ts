// Server-sent events out of a stream's text. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html

export interface ServerEvent { event: string; data: string; id?: string }

/** Feed it the stream as it comes; it gives back what is complete. */
export class ServerEventParser {
    private rest = ''
    private kind = ''
    private data: string[] = []
    private id?: string

    feed(text: string): ServerEvent[] {
        this.rest += text
        const done: ServerEvent[] = []
        for (;;) {
            const end = /\r\n|\n|\r(?!$)/u.exec(this.rest)
            if (!end) return done
            const line = this.rest.slice(0, end.index)
            this.rest = this.rest.slice(end.index + end[0].length)
            const whole = this.take(line)
            if (whole) done.push(whole)
        }
    }

    private take(line: string): ServerEvent | undefined {
        if (line === '') {
            const whole = this.data.length > 0 ? { event: this.kind || 'message', data: this.data.join('\n'), id: this.id } : undefined
            this.kind = ''
            this.data = []
            return whole
        }
        const [, name, value] = /^([^:]*)(?::\x20?(.*))?$/su.exec(line)!
        if (name === 'event') this.kind = value ?? ''
        else if (name === 'data') this.data.push(value ?? '')
        else if (name === 'id') this.id = value ?? ''
        return undefined
    }
}
