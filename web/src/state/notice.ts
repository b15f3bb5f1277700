// One short message at the bottom of the page.
import { reactive } from 'vue'

/** `act` is something that can be done about it. */
export interface Act { title: string; run(): void }
export const notice = reactive<{ text: string; open: boolean; color: string; to?: string; act?: Act }>({ text: '', open: false, color: '' })

export function say(text: string, color = '', to?: string, act?: Act): void { Object.assign(notice, { text, color, to, act, open: true }) }

export async function copy(text: string, what: string): Promise<void> {
    try {
        await navigator.clipboard.writeText(text)
        say(`${what} copied`)
    } catch {
        say('The browser does not let this page copy. Select the text and copy it yourself.', 'error')
    }
}
