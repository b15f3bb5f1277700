// Events of our own making, the newest a few seconds old: what the stand-in for the console answers with.

const clusters = [
    { identity: 'shoot--shop--prod-eu-3f0c7a52-8b1d-4c6e-9a57-2d4e6f8091a3-local', project: 'shop', name: 'prod-eu', landscape: 'local' },
    { identity: 'shoot--shop--canary-7a52c6e9-1d4c-4b8d-a573-4e6f8091a3d2-local', project: 'shop', name: 'canary', landscape: 'local' },
    { identity: 'shoot--edge--fra-1-f7e6d5c4-b3a2-4190-8f7e-6d5c4b3a2918-local', project: 'edge', name: 'fra-1', landscape: 'local' },
    { identity: 'seed-eu-1-5d1c', project: null, name: null, landscape: null },
]

const kinds = [
    ['Terminal shell in container', 'Notice', 'A shell was spawned in a container with an attached terminal', ['T1059', 'container', 'mitre_execution', 'shell'],
        { 'proc.name': 'bash', 'proc.pname': 'runc', 'proc.cmdline': 'bash -il', 'proc.aname[2]': 'containerd-shim', 'proc.aname[3]': 'systemd', 'proc.pid': '48213' }],
    ['Read sensitive file untrusted', 'Warning', 'Sensitive file opened for reading by an untrusted program', ['T1555', 'filesystem', 'mitre_credential_access'],
        { 'proc.name': 'cat', 'proc.pname': 'bash', 'proc.cmdline': 'cat /etc/shadow', 'fd.name': '/etc/shadow', 'proc.pid': '48214', 'proc.aname[2]': 'runc' }],
    ['Drop and execute new binary in container', 'Critical', 'Executing a binary not part of the base image', ['T1036', 'TA0003', 'mitre_persistence', 'process'],
        { 'proc.name': 'xmr', 'proc.pname': 'sh', 'proc.cmdline': '/tmp/xmr --donate 0', 'proc.exepath': '/tmp/xmr', 'proc.is_exe_upper_layer': 'true' }],
    ['Contact K8S API Server From Container', 'Notice', 'Unexpected connection to the API server', ['T1565', 'network', 'mitre_discovery'],
        { 'proc.name': 'curl', 'proc.pname': 'sh', 'proc.cmdline': 'curl -k https://kubernetes', 'fd.sip': '198.51.100.1', 'fd.sport': '443', 'fd.l4proto': 'tcp', 'fd.name': '192.0.2.7:51842->198.51.100.1:443' }],
    ['Falco internal: syscall event drop', 'Debug', 'Falco internal: syscall event drop', [], { n_drops: '12', n_evts: '90123' }],
]

const kindOf = (name, text) => (text === null ? 'null' : /^-?\d+(\.\d+)?$/u.test(text) && name !== 'container.id' ? 'number' : /^(true|false)$/u.test(text) ? 'boolean' : 'string')

/** One event, `secondsAgo` old. */
export function makeEvent(number, secondsAgo, changes = {}) {
    const [rule, priority, message, tags, own] = kinds[number % kinds.length]
    const cluster = clusters[Math.floor(number / 3) % clusters.length]
    const at = new Date(Date.now() - secondsAgo * 1000)
    const received = at.toISOString().replace('Z', '123Z')
    const time = at.toISOString().replace('Z', '123456Z')
    const uuid = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
    const values = {
        cluster_id: cluster.identity, 'container.id': '9245df90fcc3', 'container.image.repository': 'registry.example.net/shop/checkout',
        'container.name': 'checkout', 'evt.time': `${BigInt(at.getTime()) * 1000000n + 123456n}`, 'evt.type': 'execve', 'k8s.ns.name': 'shop',
        'k8s.pod.name': `checkout-6d8f9c7b5-x${number % 7}x7p`, 'proc.aname[4]': null, 'user.loginuid': '-1', 'user.name': 'root', 'user.uid': '0', ...own,
    }
    const event = {
        key: `${uuid}.${at.getTime()}123.9b2f61d4c0aa17e3`, uuid, received, time, priority, rule, cluster, hostname: `${cluster.name ?? 'seed'}-worker-a`,
        source: 'syscall', tags, flags: number % 40 === 0 ? ['past'] : [], output: `${time.slice(11, 23)}: ${priority} ${message} | user=root command=${own['proc.cmdline'] ?? ''}`,
        values, ...changes,
    }
    return event
}

export function summaryOf({ values, history, ...event }) { return { assessment: null, ...event, fields: values } }

export function fullOf({ values, history, ...event }) {
    const fields = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, text]) => ({ name, kind: kindOf(name, text), text: text ?? 'null' }))
    return { assessment: null, ...event, fields, extra: [], store: 'main', raw: { href: `/api/v1/events/${event.key}/raw`, exact: 'values' } }
}

export function rawOf(event) {
    const { fields } = fullOf(event)
    const members = fields.map(({ name, kind, text }) => `${JSON.stringify(name)}: ${kind === 'string' ? JSON.stringify(text) : text}`)
    return `{"uuid": "${event.uuid}", "rule": ${JSON.stringify(event.rule)}, "output": ${JSON.stringify(event.output)}, "output_fields": {${members.join(', ')}}}`
}

export const makeEvents = (count) => Array.from({ length: count }, (_, number) => makeEvent(number, 5 + number * number * 0.9))

export const makeClusters = () => clusters.map((cluster, at) => ({
    cluster, sight: at === 0 ? { state: 'healthy', reason: 'Healthy', message: 'what is expected of it comes', since: '2026-01-01T00:00:00Z' } : null, firstSeen: '2026-01-01T00:00:00Z', lastEvent: new Date(Date.now() - at * 3_700_000).toISOString(), events24h: 12345 >> at * 3,
    quota: { limited: at === 1, daily: at === 2 ? 5000 : null, left: 3000 }, quarantined: at === 0 ? 3 : 0,
    lost: { overQuota: at === 1 ? 41233 : 0, quarantineFull: 0, tokenRefused: at === 2 ? 17 : 0, bytesNotKept: 0 },
}))

export const makeBodies = () => [1, 2, 3].map((number) => ({
    id: String(number), received: new Date(Date.now() - number * 60_000).toISOString(), cluster: clusters[0], about: ['time', 'priority', 'output_fields'][number - 1],
    reason: ['time: the year is before 1970', 'priority: "Panic" is none', 'output_fields: a number of more than 38 digits'][number - 1], bytes: 700 + number, replayed: null,
    text: `{"rule": "<b>bold</b>", "number": ${number}}`,
}))
