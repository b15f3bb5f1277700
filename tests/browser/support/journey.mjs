// What every journey stands on: a browser, and guards that hold on every page: no script error, no word against the content
// security policy, no request that leaves the origin.
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))
const fromWeb = createRequire(`${root}web/package.json`)
const { chromium } = fromWeb('playwright-core')
const axe = fromWeb('axe-core').source

const patience = 60_000 // milliseconds; a condition that does not come true by then never does

export const journeys = new Map()

/** A case. Its name is a sentence. `run` gets `open` (a page at an address, guarded) and `browser`. */
export function journey(name, run) { journeys.set(name, run) }

export function assert(truth, words) { if (!truth) throw new Error(words) }
export function equal(is, should, words = '') {
    const [a, b] = [JSON.stringify(is), JSON.stringify(should)]
    assert(a === b, `${words} is ${a}, should be ${b}`)
}

/** Waits until `check` gives something true; its last word if it never does. */
export async function eventually(check, words) {
    const end = Date.now() + patience
    for (;;) {
        let last
        try {
            const found = await check()
            if (found) return found
        } catch (wrong) {
            last = wrong
        }
        if (Date.now() > end) throw new Error(`never: ${words}${last ? ` (${last.message})` : ''}`)
        await new Promise((done) => { setTimeout(done, 50) })
    }
}

/** Runs one case; throws what is wrong with it. */
export async function runJourney(name) {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...(process.getuid() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
    })
    const wrong = []
    const pages = []
    const expected = []
    const closing = []

    /** A page of a person of its own; `width`, `dark`, `zone`; `at` is the address of a server. */
    async function open(at, { width = 1280, height = 800, dark = false, zone = 'Europe/Berlin', context } = {}) {
        const own = context ?? await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', timezoneId: zone, ignoreHTTPSErrors: true, permissions: ['clipboard-read', 'clipboard-write'] })
        own.setDefaultTimeout(patience)
        const page = await own.newPage()
        pages.push(page)
        const { origin } = new URL(at)
        page.on('pageerror', (error) => wrong.push(`script error: ${error.stack}`))
        page.on('dialog', (dialog) => { wrong.push(`dialog: ${dialog.message()}`); void dialog.dismiss() })
        page.on('console', (message) => {
            // A browser reports each answer that is no success; the journey that asked for it knows.
            if (message.type() === 'error' && !/^Failed to load resource/u.test(message.text()) && !expected.some((each) => each.test(message.text()))) wrong.push(`console: ${message.text()}`)
        })
        page.on('request', (request) => {
            if (new URL(request.url()).origin !== origin && !request.url().startsWith('data:') && !request.url().startsWith('blob:')) wrong.push(`asked elsewhere: ${request.url()}`)
        })
        await page.goto(at)
        return page
    }

    try {
        await journeys.get(name)({ open, browser, expect: (pattern) => expected.push(pattern), atEnd: (then) => closing.push(then) })
        if (wrong.length > 0) throw new Error(`guards: ${[...new Set(wrong)].join('\n')}`)
    } catch (error) {
        const folder = `${root}build/test-logs/browser`
        mkdirSync(folder, { recursive: true })
        for (const [number, page] of pages.entries()) {
            const path = `${folder}/${name.replaceAll(/\W+/gu, '_').slice(0, 80)}-${number}.png`
            await page.screenshot({ path }).then(() => console.log(`picture: ${path}; at ${page.url()}`), () => {})
        }
        for (const each of new Set(wrong)) console.log(each)
        throw error
    } finally {
        await browser.close()
        for (const each of closing.reverse()) await each()
    }
}

/** WCAG 2.2 A and AA by axe-core. */
export async function accessible(page, where) {
    // What is still fading in has colours of its own; what was just asked for begins to with the next picture.
    await page.evaluate(async () => {
        const picture = () => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)) })
        const moving = () => document.getAnimations().filter(({ effect, playState }) => playState === 'running' && effect?.getComputedTiming().iterations !== Infinity)
        for (await picture(); moving().length > 0; await picture()) await Promise.all(moving().map(({ finished }) => finished.catch(() => {})))
    })
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
    const told = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary.replaceAll('\n', ' ')}`).join('\n    ')}`)
    assert(told.length === 0, `${where} is not accessible:\n  ${told.join('\n  ')}`)
}

/** Nothing of the page is wider than the window. */
export async function fits(page, where) {
    const { wide, out } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        out: [...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > window.innerWidth + 1 && !each.closest('pre, .v-table__wrapper, .for-readers, .v-slide-group__container')).slice(0, 3).map((each) => each.outerHTML.slice(0, 150)),
    }))
    assert(wide <= 0 && out.length === 0, `${where} is ${wide} pixels too wide: ${out.join(' ')}`)
}
