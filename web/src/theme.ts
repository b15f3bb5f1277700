// The Gardener dashboard's look: its names of colours, light and dark. Icons are paths, no font is fetched.
import { createVuetify } from 'vuetify'
import { aliases, mdi } from 'vuetify/iconsets/mdi-svg'

const green = '#0b8062'

// Labels: Vuetify's 0.6 is below it, too.
const variables = { 'medium-emphasis-opacity': 0.76 }

// Colours that carry text differ from the dashboard's where its contrast is below WCAG AA.
const light = {
    dark: false,
    variables,
    colors: {
        primary: green, anchor: green, background: '#f5f5f5', surface: '#ffffff',
        'main-background': '#424242', 'on-main-background': '#ffffff',
        'toolbar-background': green, 'toolbar-title': '#ffffff', 'on-toolbar-background': '#ffffff',
        'action-button': '#212121', info: '#1769aa', 'on-info': '#ffffff', success: '#2e7d32', 'on-success': '#ffffff',
        warning: '#fb8c00', 'on-warning': '#000000', error: '#c62828', 'on-error': '#ffffff',
        unknown: '#616161', 'on-unknown': '#ffffff', 'on-primary': '#ffffff',
    },
}
const dark = {
    dark: true,
    variables,
    colors: {
        primary: '#4dbd9c', 'on-primary': '#00261c', anchor: '#6fd0b2', background: '#121212', surface: '#1e1e1e',
        'main-background': '#303030', 'on-main-background': '#ffffff',
        'toolbar-background': '#0a6f55', 'toolbar-title': '#ffffff', 'on-toolbar-background': '#ffffff',
        'action-button': '#f5f5f5', info: '#64b5f6', 'on-info': '#000000', success: '#81c784', 'on-success': '#000000',
        warning: '#ffa726', 'on-warning': '#000000', error: '#ef7070', 'on-error': '#000000',
        unknown: '#bdbdbd', 'on-unknown': '#000000',
    },
}

/** The nonce that the server gave this response's styles. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined

export const vuetify = createVuetify({
    icons: { defaultSet: 'mdi', aliases, sets: { mdi } },
    theme: { cspNonce: nonce, defaultTheme: 'system', themes: { light, dark } },
    defaults: {
        VBtn: { variant: 'text' },
        VCard: { rounded: 'lg' },
        VTextField: { variant: 'outlined', density: 'comfortable', hideDetails: 'auto' },
        VSelect: { variant: 'outlined', density: 'comfortable', hideDetails: 'auto' },
        VTooltip: { openDelay: 400 },
    },
})
