// A collector in a process of its own that only counts: each message to it is answered with how many
// different spans it has taken.
import { Receiver } from '../instrumentation/receiver.ts';

const receiver = new Receiver();
const url = await receiver.start();
process.on('message', () => process.send?.({ url, spans: receiver.spans.length }));
process.on('disconnect', () => process.exit());
process.send?.({ url, spans: 0 });
