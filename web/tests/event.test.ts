import { describe, expect, it } from 'vitest'
import type { EventSummary, Field, FullEvent } from '@/api/types'
import { cellText, cleanColumns, fieldsFor, firstColumns, shortMessage } from '@/pure/columns'
import { grouped } from '@/pure/groups'
import { inside } from '@/pure/inside'
import { lineage } from '@/pure/lineage'
import { lossTexts, lostOf, quotaText, sightOf } from '@/pure/losses'
import { mitreLinks } from '@/pure/mitre'
import { byWeight, weightOf } from '@/pure/priority'
import { laidOut } from '@/pure/raw_json'
import { samePod, sameProcess } from '@/pure/related'

const field = (name: string, text: string, kind: Field['kind'] = 'string'): Field => ({ name, kind, text })

function makeFull(fields: Field[], hostname: string | null = 'node-1'): FullEvent {
    return {
        key: 'k', uuid: 'u', received: '2026-01-01T00:00:00Z', time: '2026-01-01T00:00:00Z', priority: 'Notice', rule: 'r',
        cluster: { identity: 'shoot--a--b-1-local' }, hostname, source: 'syscall', tags: [], flags: [], assessment: null, output: null, fields, extra: [],
        raw: { href: '', exact: 'values' }, store: 'main',
    }
}

describe('process lineage', () => {
    it('goes from the oldest ancestor to the process, with a gap in its place', () => {
        const family = lineage(new Map<string, string | null>([['proc.name', 'bash'], ['proc.pname', 'runc'], ['proc.aname[3]', 'systemd'], ['proc.aname[4]', null], ['proc.cmdline', 'bash -i']]))
        expect(family.map(({ name }) => name)).toEqual(['systemd', 'unknown', 'runc', 'bash'])
        expect(family.at(-1)!.details).toEqual([['command', 'bash -i']])
    })
    it('is empty for an event about no process', () => { expect(lineage(new Map([['n_drops', '3']]))).toEqual([]) })
})

describe('fields', () => {
    it('are grouped by what they are about, [10] behind [9]', () => {
        const groups = grouped([field('proc.aname[10]', 'x'), field('proc.aname[9]', 'y'), field('container.id', 'c'), field('k8s.ns.name', 'n'), field('user.name', 'u'), field('fd.name', '/etc/x'), field('evt.type', 'e'), field('cluster_id', 'z')])
        expect(groups.map(({ title }) => title)).toEqual(['Process', 'Container', 'Kubernetes', 'User', 'File', 'System call', 'Other'])
        expect(groups[0]!.fields.map(({ name }) => name)).toEqual(['proc.aname[9]', 'proc.aname[10]'])
    })
    it('of a connection belong to the network', () => {
        expect(grouped([field('fd.name', 'a->b'), field('fd.sport', '443', 'number'), field('fd.l4proto', 'tcp')]).map(({ title }) => title)).toEqual(['Network'])
    })
})

describe('what happened around', () => {
    it('is found by the pod, or not at all without one', () => {
        expect(samePod(makeFull([field('k8s.ns.name', 'shop'), field('k8s.pod.name', 'cart 1')]))!.q).toBe('cluster:shoot--a--b-1-local k8s.ns.name:shop k8s.pod.name:"cart 1"')
        expect(samePod(makeFull([field('k8s.ns.name', 'shop'), field('k8s.pod.name', 'null', 'null')]))).toBeUndefined()
    })
    it('is found by the process number, else by its name where it ran', () => {
        expect(sameProcess(makeFull([field('proc.pid', '7', 'number'), field('proc.name', 'sh')]))!.q).toContain(' (proc.pid:7 OR proc.ppid:7) host:node-1')
        expect(sameProcess(makeFull([field('container.id', 'abc'), field('proc.name', 'sh')]))!.q).toContain('container.id:abc (proc.name:sh OR proc.pname:sh)')
        expect(sameProcess(makeFull([field('container.id', 'host'), field('proc.name', 'sh')]))!.q).toContain(' (proc.name:sh OR proc.pname:sh) host:node-1')
        expect(sameProcess(makeFull([field('proc.pid', '<NA>'), field('proc.name', 'sh')]))!.q).not.toContain('proc.pid')
        expect(sameProcess(makeFull([field('n_drops', '1')]))).toBeUndefined()
    })
})

describe('MITRE', () => {
    it('links tactics and techniques, and nothing that only looks like one', () => {
        expect(mitreLinks(['T1059.004', 'mitre_execution', 'T1', 'T12345', 'mitre_"><script>', 'mitre_constructor', 'T1059/../x', 'shell']).map(({ href }) => href)).toEqual(
            ['https://attack.mitre.org/tactics/TA0002/', 'https://attack.mitre.org/techniques/T1059/004/'])
    })
})

describe('JSON', () => {
    it('keeps every digit and every doubled key', () => {
        const text = '{"a": 12345678901234567890, "a":1.50, "s":"x\\n{[,:]}\\"", "e":[], "o":{}, "l":[true,null]}'
        expect(laidOut(text)).toBe('{\n  "a": 12345678901234567890,\n  "a": 1.50,\n  "s": "x\\n{[,:]}\\"",\n  "e": [],\n  "o": {},\n  "l": [\n    true,\n    null\n  ]\n}')
    })
    it.each(['', 'not json "', '"', '{"a": "unclosed'])('leaves alone what is none: %j', (text) => { expect(laidOut(text)).toBe(text) })
})

describe('columns', () => {
    it('survive what was kept', () => {
        expect(cleanColumns('x')).toEqual(firstColumns)
        expect(cleanColumns([])).toEqual(firstColumns)
        expect(cleanColumns(['rule', 'rule', 7, 'proc.name'])).toEqual(['rule', 'proc.name'])
    })
    it('say which output fields are needed', () => { expect(fieldsFor(['rule', 'proc.name', 'a,b'])).toEqual(['k8s.ns.name', 'k8s.pod.name', 'proc.name']) })
    it('show a field that is not there as nothing', () => {
        const event = { fields: { 'proc.name': null }, tags: ['a', 'b'], cluster: { identity: 'seed' } } as unknown as EventSummary
        expect([cellText(event, 'proc.name'), cellText(event, 'other'), cellText(event, 'constructor'), cellText(event, 'tags'), cellText(event, 'cluster')]).toEqual(['', '', '', 'a, b', 'seed'])
    })
    it.each([
        ['00:20:26.779200000: Warning Secret file', 'Secret file'], ['2026-11-16T01:40:24.008859636+0000: Critical A binary', 'A binary'],
        ['Falco internal: syscall event drop', 'Falco internal: syscall event drop'], ['', ''],
    ])('%j is shown as %j', (output, shown) => { expect(shortMessage(output)).toBe(shown) })
})

it('priorities have four weights', () => {
    expect([weightOf('Alert'), weightOf('Error'), weightOf('Informational'), weightOf('Debug'), weightOf('nonsense')]).toEqual(['error', 'warning', 'info', 'unknown', 'unknown'])
    expect(byWeight({ Emergency: 1, Critical: 2, Notice: 4 })).toEqual({ error: 3, warning: 0, info: 4, unknown: 0 })
})

it.each(['//evil.example', 'https://evil.example', '/\\evil.example', '/sign-in?to=/x', 'javascript:x', undefined, ['/events'], '/a\nb'])('signing in never leads to %j', (to) => {
    expect(inside(to)).toBe('/events')
})
it('signing in leads back', () => { expect(inside('/events/a?b=c#d')).toBe('/events/a?b=c#d') })

it('losses are told', () => {
    const cluster = { quota: { limited: false, daily: 5000, left: 1 }, lost: { overQuota: 41233, quarantineFull: 0, tokenRefused: 1, bytesNotKept: 2 } } as never
    expect(lostOf(cluster)).toBe(41234)
    expect(lossTexts(cluster)[0]).toBe('41,233 over quota, only counted')
    expect(quotaText(cluster)).toBe('within 5,000 a day')
})

it.each([
    [null, 'not looked at yet', undefined, ''],
    [{ state: 'healthy', reason: 'Healthy', message: 'm' }, 'healthy', 'success', ''],
    [{ state: 'healthy', reason: 'Hibernated', message: 'm' }, 'hibernated', undefined, 'm'],
    [{ state: 'healthy', reason: 'NoRhythm', message: 'm' }, 'unknown', undefined, 'm'],
    [{ state: 'late', reason: 'EventsLate', message: 'm' }, 'late', 'warning', 'm'],
    [{ state: 'blind', reason: 'OverQuota', message: 'm' }, 'blind', 'error', 'm'],
])('how a cluster is seen: %j', (sight, text, colour, why) => {
    expect(sightOf({ sight } as never)).toEqual({ text, colour, why })
})
