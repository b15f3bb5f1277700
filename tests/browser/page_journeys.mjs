// What a person does with the page, against a stand-in for the console's API.
import { accessible, assert, equal, eventually, fits, journey } from './support/journey.mjs'
import { makeEvent } from './support/sample.mjs'
import { startFake } from './support/fake_console.mjs'

/** A journey with a stand-in of its own. */
function withFake(name, run, changes) {
    journey(name, async (means) => {
        const fake = await startFake(changes?.())
        means.atEnd(() => fake.close())
        await run({ ...means, fake, open: (path, ...more) => means.open(fake.url + path, ...more) })
    })
}

const rows = (page) => page.locator('.event-table tbody tr')
const field = (page) => page.getByRole('combobox', { name: 'Search events' })
const query = (page, name) => new URL(page.url()).searchParams.get(name)
const hasRows = (page, count) => eventually(async () => (await rows(page).count()) === count, `${count} rows`)

withFake('a wrong password is told and the right one leads where one wanted to go', async ({ open, fake }) => {
    fake.state.signedIn = false
    const page = await open('/clusters')
    await page.getByText('shop – sees project shop').waitFor()
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').getByText('That was not right').waitFor()
    await page.getByLabel('Password').fill('demo')
    await page.getByLabel('Password').press('Enter')
    await page.locator('.cluster-table').waitFor()
    equal(new URL(page.url()).pathname, '/clusters')
})

withFake('a session that ends leads back to the same place', async ({ open, fake }) => {
    const page = await open('/events?q=bash')
    await rows(page).first().waitFor()
    fake.state.signedIn = false
    await page.getByRole('button', { name: 'Older events' }).or(rows(page).first()).first().waitFor()
    await field(page).press('Enter')
    await page.getByText('Your session has ended').waitFor()
    await page.getByLabel('Password').fill('demo')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await rows(page).first().waitFor()
    equal(query(page, 'q'), 'bash')
})

withFake('what one person saw is not there for the next one', async ({ open, fake }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    await page.getByRole('button', { name: 'You' }).click()
    await page.getByText('Sign out').click()
    await page.getByText('Who are you?').waitFor()
    await eventually(() => fake.state.tails.size === 0, 'nobody listens any more')
    fake.state.events = fake.state.events.slice(0, 3)
    await page.getByLabel('Password').fill('demo')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await hasRows(page, 3)
})

withFake('the list is read to its end', async ({ open }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    await page.getByRole('button', { name: 'Older events' }).click()
    await hasRows(page, 100)
    while (await page.getByRole('button', { name: 'Older events' }).isVisible()) {
        const before = await rows(page).count()
        await page.getByRole('button', { name: 'Older events' }).click()
        await eventually(async () => (await rows(page).count()) > before, 'more rows')
    }
    await page.getByText('These are all.').waitFor()
})

withFake('a message can be read in the list of a small screen', async ({ open }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    // What is seen of the longest one, as if it were in one line.
    const seen = await page.locator('td.column-output').evaluateAll((cells) => Math.max(...cells.map((cell) => {
        const range = document.createRange()
        range.selectNodeContents(cell)
        const inside = cell.getBoundingClientRect()
        const lines = new Map()
        for (const { top, bottom, left, right } of range.getClientRects())
            if (bottom <= inside.bottom + 1) lines.set(Math.round(top), Math.max(lines.get(Math.round(top)) ?? 0, Math.min(right, inside.right) - left))
        return [...lines.values()].reduce((sum, width) => sum + width, 0)
    })))
    assert(seen >= 420, `${seen} px of the longest message are seen`)
    await fits(page, 'the list')
})

withFake('a filter is written with completion and the keyboard alone', async ({ open, fake }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    await page.keyboard.press('/')
    await page.keyboard.type('ru')
    await page.getByRole('option', { name: 'rule' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('option', { name: /Terminal shell in container/u }).waitFor()
    equal(await field(page).inputValue(), 'rule:')
    await page.keyboard.type('read')
    await eventually(async () => (await page.getByRole('option').count()) === 1, 'one value is left')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    equal(await field(page).inputValue(), 'rule:"Read sensitive file untrusted" ')
    await page.keyboard.press('Enter')
    await eventually(() => query(page, 'q') === 'rule:"Read sensitive file untrusted"', 'the address has the filter')
    await hasRows(page, fake.state.events.filter(({ rule }) => rule === 'Read sensitive file untrusted').length)
})

withFake('a mistake in a filter is marked where it is and can be mended', async ({ open }) => {
    const page = await open(`/events?q=${encodeURIComponent('curl rule:')}`)
    await page.locator('.fault mark', { hasText: 'rule:' }).waitFor()
    await page.getByText("Column 6: expected a value behind ':'").waitFor()
    await accessible(page, 'a mistake')
    await field(page).fill('curl')
    await field(page).press('Enter')
    await rows(page).first().waitFor()
    equal(await page.locator('.fault').count(), 0)
})

withFake('facets ask for a value and leave one out and the address keeps it', async ({ open }) => {
    const page = await open('/events')
    const facets = page.getByRole('navigation', { name: 'Facets' })
    await facets.getByRole('button', { name: /^Notice/u }).click()
    await eventually(() => query(page, 'q') === 'priority:Notice', 'the filter asks for it')
    await facets.getByRole('button', { name: 'Leave out Terminal shell in container' }).click()
    await eventually(() => query(page, 'q') === 'priority:Notice -rule:"Terminal shell in container"', 'the filter leaves it out')
    await hasRows(page, 32)
    await page.reload()
    await hasRows(page, 32)
    await page.goBack()
    await eventually(() => query(page, 'q') === 'priority:Notice', 'one step back')
    await page.getByLabel('Facet of another field').fill('proc.name')
    await page.getByRole('button', { name: 'Add the facet' }).click()
    await facets.getByRole('heading', { name: 'proc.name' }).waitFor()
})

withFake('a brush over the histogram chooses a span, with a pointer and with keys', async ({ open }) => {
    const page = await open('/events')
    const chart = page.locator('.histogram .frame')
    await page.locator('.histogram .weight-error').first().waitFor()
    const box = await chart.boundingBox()
    await page.mouse.move(box.x + box.width * 0.9, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.99, box.y + 40, { steps: 4 })
    await page.mouse.up()
    await eventually(() => query(page, 'since') && query(page, 'until'), 'the address has the span')
    await page.getByText('The span has an end').waitFor()
    const before = page.url()
    await chart.focus()
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Shift+ArrowLeft')
    await page.keyboard.press('Enter')
    await eventually(() => page.url() !== before, 'the keys chose another span')
    await page.getByRole('button', { name: /Span of time/u }).click()
    await page.getByText('Last hour').click()
    await eventually(() => query(page, 'since') === '-1h' && !query(page, 'until'), 'the last hour')
})

withFake('new events wait while one reads and come when one asks', async ({ open, fake }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    await eventually(() => fake.state.tails.size === 1, 'the page listens')
    const first = await rows(page).first().innerText()
    for (let number = 0; number < 3; ++number) fake.arrive(makeEvent(1000 + number, 0))
    await page.getByRole('button', { name: '3 new' }).waitFor()
    equal(await rows(page).first().innerText(), first, 'the list did not jump; its first row')
    await page.keyboard.press('n')
    await hasRows(page, 53)
    await page.keyboard.press('f')
    await page.getByText('Following: new events appear').waitFor()
    fake.arrive(makeEvent(2000, 0))
    await hasRows(page, 54)
    fake.send('lost', { count: 7 })
    await page.getByText('7 new ones were left out').waitFor()
})

withFake('a tail that breaks off is taken up again without a gap', async ({ open, fake }) => {
    const page = await open('/events')
    await eventually(() => fake.state.tails.size === 1, 'the page listens')
    const first = makeEvent(1000, 0)
    fake.arrive(first)
    await page.getByRole('button', { name: '1 new' }).waitFor()
    fake.cutTails()
    await eventually(() => fake.state.tails.size === 1 && fake.state.queries.filter((each) => each.startsWith('GET tail')).length >= 2, 'the page listens again')
    fake.arrive(makeEvent(1001, 0))
    fake.arrive(first) // once more what it has
    await page.getByRole('button', { name: '2 new' }).waitFor()
})

withFake('columns are chosen and kept', async ({ open }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('button', { name: 'Without Cluster' }).click()
    await page.getByLabel('Output field').fill('proc.cmdline')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page.getByRole('columnheader', { name: 'proc.cmdline' }).waitFor()
    await page.keyboard.press('Escape')
    await rows(page).getByText('cat /etc/shadow', { exact: true }).first().waitFor()
    await page.reload()
    await page.getByRole('columnheader', { name: 'proc.cmdline' }).waitFor()
    equal(await page.getByRole('columnheader', { name: 'Cluster' }).count(), 0)
})

withFake('keys lead through the list into an event and back to the same place', async ({ open }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    for (let number = 0; number < 30; ++number) await page.keyboard.press('j')
    await page.keyboard.press('k')
    const link = await page.evaluate(() => document.activeElement.getAttribute('href'))
    await page.keyboard.press('Enter')
    await page.locator('.event-page h1').waitFor()
    equal(new URL(page.url()).pathname, link)
    await page.keyboard.press('Escape')
    await eventually(() => page.evaluate((href) => document.activeElement.getAttribute('href') === href, link), 'the same row has the focus')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys and filters' }).getByText('Next event').waitFor()
    await page.keyboard.press('Escape')
    await eventually(() => page.evaluate((href) => document.activeElement.getAttribute('href') === href, link), 'the list of keys gives the focus back')
})

withFake('an event tells all it knows', async ({ open, fake }) => {
    const event = fake.state.events[0]
    const page = await open(`/events/${event.key}`)
    await page.getByRole('heading', { name: event.rule, level: 1 }).waitFor()
    equal(await page.locator('.lineage .name').allInnerTexts(), ['systemd', 'containerd-shim', 'runc', 'bash'], 'the lineage')
    for (const title of ['Process', 'Container', 'Kubernetes', 'User']) await page.getByRole('heading', { name: title, exact: true, level: 2 }).waitFor()
    await page.locator('dd', { hasText: event.values['evt.time'] }).waitFor()
    equal(await page.locator('.mitre a').evaluateAll((links) => links.map(({ href }) => href)), ['https://attack.mitre.org/tactics/TA0002/', 'https://attack.mitre.org/techniques/T1059/'])
    await eventually(async () => (await page.locator('.raw pre').innerText()).includes(`"evt.time": ${event.values['evt.time']}`), 'the JSON keeps every digit')
    await page.locator('.related tr.here').waitFor()
    await page.getByRole('tab', { name: 'Same process' }).click()
    await page.getByText('same process number on the same host, and what it began').waitFor()
    await page.locator('.related tr.here').waitFor()
    await page.getByText(`${event.received.slice(0, 10)} ${event.received.slice(11, 26)} UTC`).waitFor()
    await page.getByRole('button', { name: 'Copy a link to this event' }).click()
    equal(await page.evaluate(() => navigator.clipboard.readText()), page.url())
    await page.getByRole('link', { name: 'Events with this proc.name' }).click()
    await eventually(() => query(page, 'q') === 'proc.name:bash', 'the list of that value')
})

withFake('what went wrong is told with what to do', async ({ open, fake }) => {
    fake.state.failing = { events: [503, 'store-away', { title: 'The store does not answer' }], facets: [503, 'store-away'], histogram: [504, 'took-too-long'] }
    const page = await open('/events')
    const list = page.getByRole('alert').filter({ hasText: 'The store does not answer' })
    await list.getByText('they wait in the spool').waitFor()
    await accessible(page, 'a failure')
    fake.state.failing = {}
    await list.getByRole('button', { name: 'Try again' }).click()
    await hasRows(page, 50)
    await page.goto(`${fake.url}/events/00000000-0000-4000-8000-999999999999`)
    await page.getByText('There is no such event').waitFor()
    await page.goto(`${fake.url}/no/such/place`)
    await page.getByText('There is nothing at this address').waitFor()
})

withFake('a console that is gone is told and found again', async ({ open, fake }) => {
    const page = await open('/clusters')
    await page.locator('.cluster-table').waitFor()
    await page.context().setOffline(true)
    await page.getByRole('link', { name: 'Quarantine', exact: true }).click()
    await page.getByLabel('Menu of the views').waitFor()
    await page.getByRole('link', { name: 'Events', exact: true }).click()
    await field(page).waitFor() // the page before says the same as this one
    await page.getByRole('alert').getByText('The console does not answer').first().waitFor()
    await page.locator('.state-message').getByRole('button', { name: 'Try again' }).waitFor()
    await page.context().setOffline(false)
    await page.locator('.state-message').getByRole('button', { name: 'Try again' }).click()
    await hasRows(page, 50)
    assert(fake.state.queries.length > 0, 'it was asked')
})

withFake('a list without events says what to do', async ({ open, fake }) => {
    const page = await open('/events?q=nothinglikethis')
    await page.getByText('No event is like this').waitFor()
    await page.getByRole('button', { name: 'Without the filter' }).click()
    await hasRows(page, 50)
    fake.state.events = []
    await page.goto(`${fake.url}/events?since=all`)
    await page.getByText('Nothing has arrived yet').waitFor()
    fake.state.bodies = []
    fake.state.clusters = []
    await page.goto(`${fake.url}/quarantine`)
    await page.getByText('Nothing is in quarantine').waitFor()
    await page.goto(`${fake.url}/clusters`)
    await page.getByText('No cluster has been heard of').waitFor()
})

withFake('clusters are found and show what they lost', async ({ open }) => {
    const page = await open('/clusters')
    await page.getByText('41,233 over quota').waitFor()
    await page.getByText('17 with a token that is not valid').waitFor()
    await page.getByRole('textbox', { name: 'Find a cluster', exact: true }).fill('canary')
    await eventually(async () => (await page.locator('.cluster-table tbody tr').count()) === 1, 'one cluster is left')
    await page.locator('.cluster-table').getByRole('link', { name: 'shop/canary', exact: true }).click()
    await eventually(() => query(page, 'q')?.startsWith('cluster:shoot--shop--canary'), 'its events')
})

withFake('quarantined bodies are read and put back', async ({ open }) => {
    const page = await open('/quarantine')
    await page.getByRole('button', { name: 'Body 1', exact: true }).click()
    await page.locator('pre', { hasText: '<b>bold</b>' }).waitFor()
    const body = page.locator('.bodies li').nth(0)
    await body.getByRole('button', { name: 'Put back' }).click()
    await body.getByText('an event now').waitFor()
    await page.locator('.bodies li').nth(1).getByRole('button', { name: 'Put back' }).click()
    await page.getByText('It still cannot be stored').waitFor()
    await page.getByLabel('Also those that are events by now').check()
    await eventually(async () => (await page.locator('.bodies li').count()) === 3, 'all three')
})

withFake('light, dark and the zone are switched and kept', async ({ open, fake }) => {
    const page = await open('/events')
    const cell = rows(page).first().locator('time')
    await cell.waitFor()
    const utc = fake.state.events[0].received.replace('T', ' ').slice(0, 19)
    assert((await cell.innerText()) !== utc, 'Berlin is not UTC')
    await page.getByRole('button', { name: /^Times in Local time/u }).click()
    await eventually(async () => (await cell.innerText()) === utc, 'the time in UTC')
    await page.getByRole('button', { name: 'Light or dark' }).click()
    await page.getByText('Dark', { exact: true }).click()
    await page.locator('.v-theme--dark').first().waitFor()
    await page.reload()
    await page.locator('.v-theme--dark').first().waitFor()
    equal(await cell.innerText(), utc)
})

withFake('an export has the search of the list', async ({ open }) => {
    const page = await open(`/events?q=${encodeURIComponent('proc.name:bash')}&since=-7d`)
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Export' }).click()
    const to = new URL(await page.getByRole('link', { name: /CSV/u }).evaluate(({ href }) => href))
    equal([to.pathname, to.searchParams.get('format'), to.searchParams.get('q'), to.searchParams.get('since')], ['/api/v1/export', 'csv', 'proc.name:bash', '-7d'])
})

const views = [['/events', '.event-link'], ['/incidents', '.incident-link'], ['/events/EVENT', '.raw pre'], ['/clusters', '.cluster-table, .cards'], ['/landscape', '.heat-map'], ['/projects/shop', '.heat-map'], ['/project/garden-shop/shoots/canary', '.newest li'], ['/quarantine', '.bodies li'], ['/triage', '.actions li, .state-message'], ['/no/such/place', '.state-message']]

for (const [words, look] of [['in light', {}], ['in dark', { dark: true }], ['on 360 pixels', { width: 360, height: 740 }]]) {
    withFake(`every view ${words} is accessible and fits`, async ({ open, fake }) => {
        const page = await open('/events', look)
        for (const [path, sign] of views) {
            await page.goto(fake.url + path.replace('EVENT', fake.state.events[0].key))
            await page.locator(sign).first().waitFor()
            await accessible(page, `${path} ${words}`)
            await fits(page, `${path} ${words}`)
        }
        fake.state.signedIn = false
        await page.goto(`${fake.url}/sign-in`)
        await page.getByText('Who are you?').waitFor()
        await accessible(page, `sign-in ${words}`)
        await fits(page, `sign-in ${words}`)
    })
}

withFake('the menus are accessible', async ({ open }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    for (const name of ['Columns', 'Export', /Span of time/u, 'Keys and filters']) {
        await page.getByRole('button', { name }).click()
        await page.locator('.v-overlay--active .v-overlay__content').waitFor()
        await accessible(page, String(name))
        await page.keyboard.press('Escape')
        await eventually(async () => (await page.locator('.v-overlay--active').count()) === 0, `${name} closes`)
    }
})

withFake('the policy holds and the page paints soon', async ({ open, fake }) => {
    const page = await open('/events')
    await hasRows(page, 50)
    const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
    console.log(`first paint after ${Math.round(paint)} ms`)
    if (process.env.FALCONER_JUDGE_TIMES === '1') assert(paint <= 1500, `first paint after ${paint} ms`)
    const policy = (await (await fetch(`${fake.url}/events`)).headers.get('Content-Security-Policy'))
    assert(policy.includes("default-src 'none'") && !policy.includes('unsafe'), policy)
})
