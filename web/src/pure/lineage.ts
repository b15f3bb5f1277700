// The family of a process, as Falco's fields tell it: proc.name, proc.pname, proc.aname[n], and what goes with each.

export interface Ancestor {
    name: string
    /** Its exact command line, executable, pid: as far as known. */
    details: [label: string, text: string][]
    /** 0 is the process itself. */
    generation: number
}

type Values = ReadonlyMap<string, string | null>

// Falco counts ancestors from the process itself: [1] is the parent.
const asked: [label: string, own: string, parent: string, ancestor: string][] = [
    ['command', 'proc.cmdline', 'proc.pcmdline', 'proc.acmdline'],
    ['executable', 'proc.exepath', 'proc.pexepath', 'proc.aexepath'],
    ['pid', 'proc.pid', 'proc.ppid', 'proc.apid'],
]

const deepest = 32

function valueOf(values: Values, generation: number, own: string, parent: string, ancestor: string): string | undefined {
    const names = generation === 0 ? [own, `${ancestor}[0]`] : generation === 1 ? [parent, `${ancestor}[1]`] : [`${ancestor}[${generation}]`]
    for (const name of names) {
        const value = values.get(name)
        if (value !== undefined && value !== null && value !== '' && value !== '<NA>') return value
    }
    return undefined
}

/** From the oldest known ancestor to the process. Empty if the event is about no process. A gap is shown as "unknown". */
export function lineage(values: Values): Ancestor[] {
    const family: Ancestor[] = []
    for (let generation = 0; generation <= deepest; ++generation) {
        const name = valueOf(values, generation, 'proc.name', 'proc.pname', 'proc.aname')
        const details = asked.flatMap(([label, own, parent, ancestor]): [string, string][] => {
            const text = valueOf(values, generation, own, parent, ancestor)
            return text === undefined ? [] : [[label, text]]
        })
        if (name !== undefined || details.length > 0) family[generation] = { name: name ?? 'unknown', details, generation }
    }
    for (let generation = 0; generation < family.length; ++generation) family[generation] ??= { name: 'unknown', details: [], generation }
    return family.reverse()
}
