/** Run as a process of its own by lifecycle.test.ts: starts the engine, says where, and stays. */
import { startEmbedded } from '../../../deploy/embedded/index.ts';

const server = await startEmbedded({ dataDir: process.argv[2] ?? '', port: 0 });
process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url })}\n`);
