// Hostile texts in every place of an event: all of them are shown, none of them does anything.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { assert, equal, eventually, journey, root } from './support/journey.mjs'
import { makeBodies, makeEvent } from './support/sample.mjs'
import { startFake } from './support/fake_console.mjs'

const own = [
    '<script>document.title = "taken"</script>', '<img src=x onerror="document.title=\'taken\'">', '"><svg onload=document.title="taken">', "javascript:document.title='taken'",
    '{{ constructor.constructor("document.title=1")() }}', '<a href="javascript:alert(1)">x</a>', '<style>*{display:none}</style>', '</textarea></title></script><script>alert(1)</script>',
    '\u202eevil\u202c \u0000\u0007\u001b[31m', '\ufffd\ud83d', '<iframe srcdoc="<script>parent.document.title=1</script>">', '${alert(1)} #{alert(1)} <%= alert(1) %>', 'a'.repeat(5000), '\u0301'.repeat(300),
    '&lt;b&gt; &amp;', '`', '\\', '=HYPERLINK("http://elsewhere.invalid")', '<base href=http://elsewhere.invalid>', '<meta http-equiv=refresh content=0;url=http://elsewhere.invalid>', '🏳️‍🌈 𝔘𝔫𝔦𝔠𝔬𝔡𝔢',
]

/** Each text of a body, however deep: keys and values. */
function* textsOf(value) {
    if (typeof value === 'string') yield value
    else if (Array.isArray(value)) for (const each of value) yield* textsOf(each)
    else if (value && typeof value === 'object') for (const [key, each] of Object.entries(value)) { yield key; yield* textsOf(each) }
}

/** Of the shared corpus, if it lies beside the tree: bodies that are JSON and have a text that could be markup or hide something. */
function shared() {
    const folder = `${root}../shared/data/events/poison`
    if (!existsSync(folder)) return []
    return readdirSync(folder).filter((name) => name.endsWith('.body')).flatMap((name) => {
        try {
            const body = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'))
            const texts = [...textsOf(body)].filter((text) => text.length <= 50_000)
            return texts.some((text) => /[<>{}"'`\p{C}]/u.test(text)) ? [[name, body, texts]] : []
        } catch {
            return []
        }
    })
}

const text = (value) => (typeof value === 'string' ? value : value === null || value === undefined ? null : JSON.stringify(value))

/** The body as the API would tell of it, as far as its shape allows; hostile in every place. */
function eventOf(number, body) {
    const values = Object.fromEntries(Object.entries(body.output_fields && typeof body.output_fields === 'object' ? body.output_fields : {}).slice(0, 200).map(([name, value]) => [name, text(value)]))
    return makeEvent(number, number, {
        rule: text(body.rule) ?? 'none', output: text(body.output), hostname: text(body.hostname), source: text(body.source), tags: Array.isArray(body.tags) ? body.tags.map(String) : [], values,
    })
}

async function harmless(page, where) {
    const found = await page.evaluate(() => ({
        title: document.title, dangerous: [...document.querySelectorAll('main :is(script, iframe, object, embed, base, meta, style, img, form[action], [onerror], [onload], [onclick], [srcdoc])')].map((each) => each.outerHTML.slice(0, 200)),
        links: [...document.querySelectorAll('main a[href]')].map(({ href }) => href).filter((href) => !href.startsWith(`${window.location.origin}/`) && !href.startsWith('https://attack.mitre.org/')),
    }))
    equal([found.dangerous, found.links], [[], []], `${where}: what does something`)
    assert(/ – Falconer$/u.test(found.title), `${where}: the title became ${found.title}`)
}

async function showAll(open, atEnd, bodies) {
    const events = bodies.map(([, body], number) => eventOf(number, body))
    const fake = await startFake({ events, bodies: bodies.slice(0, 50).map(([, body], number) => ({ ...makeBodies()[0], id: String(number + 1), reason: text(body.rule) ?? '', about: text(body.output)?.slice(0, 500) ?? '', text: JSON.stringify(body) })) })
    atEnd(() => fake.close())
    const page = await open(`${fake.url}/events?since=all`)
    await page.locator('.event-table').waitFor()
    await harmless(page, 'the list')
    for (const [number, event] of events.entries()) {
        const where = bodies[number][0]
        await page.evaluate((key) => { window.history.pushState({}, '', `/events/${key}`); window.dispatchEvent(new PopStateEvent('popstate', { state: {} })) }, event.key)
        await page.locator('.event-page .exact', { hasText: event.uuid }).first().waitFor()
        await harmless(page, where)
        const shown = await page.evaluate(() => ({ message: document.querySelector('.message')?.textContent ?? '', fields: [...document.querySelectorAll('.event-page dd .value')].map((each) => each.textContent.trim()), rule: document.querySelector('h1').textContent }))
        equal(shown.rule, event.rule, `${where}: its rule`)
        if (event.output) equal(shown.message, event.output, `${where}: its message`)
        for (const value of Object.values(event.values)) if (value) assert(shown.fields.includes(value.trim()) || shown.fields.some((each) => each === value), `${where}: ${value.slice(0, 100)} is not shown as it is`)
    }
    await page.goto(`${fake.url}/quarantine`)
    await page.locator('.bodies li').first().waitFor()
    await page.getByRole('button', { name: 'Body 1', exact: true }).click()
    await eventually(async () => (await page.locator('.bodies pre').textContent()) === fake.state.bodies[0].text, 'the text of a body')
    await harmless(page, 'quarantine')
}

journey('hostile texts in every place of an event do nothing', async ({ open, atEnd }) => {
    const bodies = own.map((each, number) => [`own ${number}`, { rule: each, output: each, hostname: each, source: each, tags: [each, 'mitre_x'], output_fields: { 'proc.name': each, 'proc.aname[2]': each, 'k8s.ns.name': each, 'k8s.pod.name': each, [each.slice(0, 256)]: each } }])
    await showAll(open, atEnd, bodies)
})

const corpus = shared()
const part = 60
for (let from = 0; from < corpus.length; from += part) {
    journey(`the shared corpus does nothing, from ${from}`, async ({ open, atEnd }) => { await showAll(open, atEnd, corpus.slice(from, from + part)) })
}
