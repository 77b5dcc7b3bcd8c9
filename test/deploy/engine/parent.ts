/** Run as a process of its own by lifecycle.test.ts: starts the engine, says where, and stays. */
import { startEngine } from '../../../deploy/engine/index.ts';

const server = await startEngine({ dataDir: process.argv[2] ?? '', port: 0 });
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url })}\n`);
