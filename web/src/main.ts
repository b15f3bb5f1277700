// Styles before all else: what comes first is the lowest layer.
import './reset.css'
import 'vuetify/styles'
import './styles.css'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { vuetify } from './theme'

createApp(App).use(vuetify).use(router).mount('#app')
