// What somebody has pasted in order to sign in.

export type Proof = 'nothing' | 'token' | 'kubeconfig'

/** A token is one word; whatever has several lines or a colon is a kubeconfig (YAML or JSON). */
export function kindOfProof(text: string): Proof {
    const given = text.trim()
    if (given === '') return 'nothing'
    return /[\s:{]/u.test(given) ? 'kubeconfig' : 'token'
}
