// One short message at the bottom of the page.
import { reactive } from 'vue'

export const notice = reactive<{ text: string; open: boolean; color: string; to?: string }>({ text: '', open: false, color: '' })

export function say(text: string, color = '', to?: string): void { Object.assign(notice, { text, color, to, open: true }) }

export async function copy(text: string, what: string): Promise<void> {
    try {
        await navigator.clipboard.writeText(text)
        say(`${what} copied`)
    } catch {
        say('The browser does not let this page copy. Select the text and copy it yourself.', 'error')
    }
}
