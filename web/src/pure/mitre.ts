// MITRE ATT&CK in the tags of a rule. Source of names and numbers: https://attack.mitre.org/tactics/enterprise/

export interface MitreLink { text: string; href: string }

const tactics: Record<string, [number: string, title: string]> = {
    reconnaissance: ['TA0043', 'Reconnaissance'],
    resource_development: ['TA0042', 'Resource Development'],
    initial_access: ['TA0001', 'Initial Access'],
    execution: ['TA0002', 'Execution'],
    persistence: ['TA0003', 'Persistence'],
    privilege_escalation: ['TA0004', 'Privilege Escalation'],
    defense_evasion: ['TA0005', 'Defense Evasion'],
    credential_access: ['TA0006', 'Credential Access'],
    discovery: ['TA0007', 'Discovery'],
    lateral_movement: ['TA0008', 'Lateral Movement'],
    collection: ['TA0009', 'Collection'],
    exfiltration: ['TA0010', 'Exfiltration'],
    command_and_control: ['TA0011', 'Command and Control'],
    impact: ['TA0040', 'Impact'],
}

/** The tactics and techniques that the tags name, tactics first. Everything else is no link. */
export function mitreLinks(tags: string[]): MitreLink[] {
    const found: MitreLink[] = []
    for (const tag of tags) {
        const name = /^mitre_([a-z_]+)$/u.exec(tag)?.[1] ?? ''
        const tactic = Object.hasOwn(tactics, name) ? tactics[name] : undefined
        if (tactic) found.push({ text: `${tactic[1]} (${tactic[0]})`, href: `https://attack.mitre.org/tactics/${tactic[0]}/` })
    }
    for (const tag of tags) {
        const technique = /^(T\d{4})(?:\.(\d{3}))?$/u.exec(tag)
        if (!technique) continue
        const [text, number, part] = technique
        found.push({ text: text!, href: `https://attack.mitre.org/techniques/${number}/${part ? `${part}/` : ''}` })
    }
    return found
}
