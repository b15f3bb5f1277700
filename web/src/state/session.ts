// Who is signed in.
import { reactive } from 'vue'
import * as api from '@/api/client'
import type { Me } from '@/api/types'

export const session = reactive<{ me: Me | null; known: boolean }>({ me: null, known: false })

/** Asks once whether somebody is signed in. Rejects if the console does not answer. */
export async function findSession(): Promise<Me | null> {
    if (session.known) return session.me
    try {
        session.me = await api.me()
    } catch (error) {
        if (!(error instanceof api.ApiProblem) || error.problem.status !== 401) throw error
        session.me = null
    }
    session.known = true
    return session.me
}

export async function signIn(proof: api.Proof): Promise<void> {
    session.me = await api.signIn(proof)
    session.known = true
}

/** Nobody is signed in here afterwards, even if the console did not hear it. */
export async function signOut(): Promise<void> {
    try {
        await api.signOut()
    } finally {
        session.me = null
    }
}
