import { expect, test } from 'vitest'
import { kindOfProof } from '@/pure/proof'

test('a token is one word, a kubeconfig is not', () => {
    expect(kindOfProof('')).toBe('nothing')
    expect(kindOfProof(' \n')).toBe('nothing')
    expect(kindOfProof(' eyJhbGciOi.eyJpc3.c2ln-_ \n')).toBe('token')
    expect(kindOfProof('apiVersion: v1\nkind: Config\n')).toBe('kubeconfig')
    expect(kindOfProof('{"kind":"Config"}')).toBe('kubeconfig')
})
