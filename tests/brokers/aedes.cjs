// Runs aedes, an MQTT broker in JavaScript: node aedes.cjs <address>. Tells on stderr what the tests wait for.
const broker = require('aedes')()
const PORT = 1883

broker.on('subscribe', (subscriptions, client) => console.error('subscribed: ' + client.id))
require('net').createServer(broker.handle).listen(PORT, process.argv[2], () => console.error('running'))
