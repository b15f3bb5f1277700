// How one signs in where a garden says who people are: a token, a kubeconfig, an issuer.
import { accessible, assert, equal, eventually, fits, journey } from './support/journey.mjs'
import { startFake } from './support/fake_console.mjs'

const garden = [{ kind: 'oidc', title: 'Example', href: '/api/v1/sign-in/oidc' }, { kind: 'token' }]

/** Somebody who is not signed in, with these ways to. */
function withWays(name, ways, run) {
    journey(name, async (means) => {
        const fake = await startFake({ signedIn: false, ways })
        means.atEnd(() => fake.close())
        await run({ ...means, fake, open: (path, ...more) => means.open(fake.url + path, ...more) })
    })
}

const proof = (page) => page.getByLabel('Token or kubeconfig of the garden')

withWays('a token that the garden does not know is told, and a good one leads where one wanted to go', garden, async ({ open, fake }) => {
    const page = await open('/clusters')
    await proof(page).waitFor()
    assert(await page.getByRole('button', { name: 'Use this token' }).isDisabled(), 'nothing is given yet')
    await proof(page).fill('other.token')
    await page.getByRole('button', { name: 'Use this token' }).click()
    await page.getByRole('alert').getByText('The garden does not know this token').waitFor()
    equal(await proof(page).inputValue(), '')
    await proof(page).fill(' good.token\n')
    await page.getByRole('button', { name: 'Use this token' }).click()
    await page.locator('.cluster-table').waitFor()
    equal(new URL(page.url()).pathname, '/clusters')
    equal(JSON.stringify(fake.state.proofs.at(-1)), '{"token":"good.token"}')
})

withWays('a kubeconfig is known as one and sent as it is', garden, async ({ open, fake }) => {
    const page = await open('/events')
    await proof(page).fill('apiVersion: v1\nkind: Config\n')
    await page.getByRole('button', { name: 'Use this kubeconfig' }).click()
    await eventually(() => fake.state.proofs.length === 1, 'it is sent')
    equal(fake.state.proofs[0].kubeconfig, 'apiVersion: v1\nkind: Config')
    await page.locator('.event-table').waitFor()
})

withWays('the way to the issuer knows where one wanted to go', garden, async ({ open }) => {
    const page = await open('/clusters')
    const link = page.getByRole('link', { name: 'Sign in with Example' })
    equal(await link.getAttribute('href'), '/api/v1/sign-in/oidc?to=%2Fclusters')
})

withWays('whoever comes back without being signed in is told', garden, async ({ open }) => {
    const page = await open('/sign-in?refused=sign-in')
    await page.getByRole('alert').getByText('You were not signed in').waitFor()
    await page.goto(page.url().replace('refused=sign-in', 'refused=away'))
    await page.getByRole('alert').getByText('Nobody answered').waitFor()
})

withWays('all of it can be read and used by everybody, also on a narrow screen', garden, async ({ open }) => {
    const page = await open('/sign-in')
    await proof(page).waitFor()
    await accessible(page, 'signing in')
    await page.setViewportSize({ width: 360, height: 740 })
    await fits(page, 'signing in')
})
