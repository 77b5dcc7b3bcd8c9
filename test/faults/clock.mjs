// Loaded into a process before all else: its wall clock is off by as many milliseconds as the file
// FAULTLINE_CLOCK_FILE says at the moment.
import { readFileSync } from 'node:fs';

const file = process.env.FAULTLINE_CLOCK_FILE;
const now = Date.now;
let offset = 0;

function read() {
  offset = Number(readFileSync(file, 'utf8'));
}

if (file !== undefined) {
  read();
  setInterval(read, 5).unref();
  globalThis.Date = class extends Date {
    constructor(...args) {
      if (args.length === 0) super(now() + offset);
      else super(...args);
    }

    static now() {
      return now() + offset;
    }
  };
}
