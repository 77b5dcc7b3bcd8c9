// A client and a server that know nothing of it, each a process of its own under `faultline/register`.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { appRunner } from '../../app.ts';
import { buildInstrumentation } from '../../built.ts';
import { Receiver } from '../../receiver.ts';

const built = buildInstrumentation('faultline-mcp');
afterAll(() => built.remove());

const SERVER = `
const server = new McpServer({ name: 'orders', version: '1.0.0' });
server.registerTool('total', { description: 'x' }, async () => { throw new TypeError('no total'); });
server.registerTool('leave', { description: 'x' }, () => process.exit(1));
server.registerTool('fine', { description: 'x' }, () => ({ content: [{ type: 'text', text: 'fine' }] }));
server.connect(new StdioServerTransport());
`;
const CLIENT = `
const main = async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ['--import', process.argv[2], process.argv[3]],
    env: process.env,
  });
  const client = new Client({ name: 'desk', version: '1.0.0' });
  await client.connect(transport);
  for (const name of ['fine', 'total', 'leave']) {
    await client.callTool({ name, arguments: {} }).then(
      ({ isError, content }) => console.log(name, isError === true, content[0].text),
      (error) => console.log(name, error.message),
    );
  }
};
`;
const SDK = '@modelcontextprotocol';

test.each([
  [
    'version 1, ES modules',
    'mjs',
    `import { McpServer } from '${SDK}/sdk/server/mcp.js';
     import { StdioServerTransport } from '${SDK}/sdk/server/stdio.js'; ${SERVER}`,
    `import { Client } from '${SDK}/sdk/client/index.js';
     import { StdioClientTransport } from '${SDK}/sdk/client/stdio.js'; ${CLIENT} await main();`,
  ],
  [
    'version 1, CommonJS',
    'cjs',
    `const { McpServer } = require('${SDK}/sdk/server/mcp.js');
     const { StdioServerTransport } = require('${SDK}/sdk/server/stdio.js'); ${SERVER}`,
    `const { Client } = require('${SDK}/sdk/client/index.js');
     const { StdioClientTransport } = require('${SDK}/sdk/client/stdio.js'); ${CLIENT} void main();`,
  ],
  [
    'version 2, ES modules',
    'mjs',
    `import { McpServer } from '${SDK}/server';
     import { StdioServerTransport } from '${SDK}/server/stdio'; ${SERVER}`,
    `import { Client } from '${SDK}/client';
     import { StdioClientTransport } from '${SDK}/client/stdio'; ${CLIENT} await main();`,
  ],
])('%s', async (_, kind, server, client) => {
  const receiver = new Receiver();
  await receiver.start();
  const run = appRunner(built, () => receiver.url);
  const name = _.replaceAll(/\W+/g, '-');
  const path = built.write(join('apps', `${name}-server.${kind}`), server);
  const app = { name: `${name}-client.${kind}`, text: client };
  const { code, stdout } = await run(app, {}, { args: [built.register, path] });
  expect(stdout.split('\n')).toEqual([
    'fine false fine',
    'total true no total',
    expect.stringMatching(/^leave .*closed/i),
    '',
  ]);
  expect(code).toBe(0);
  const failed = () =>
    receiver
      .named('execute_node')
      .filter(({ statusCode }) => statusCode === 2)
      .map(({ name, attributes }) =>
        [
          attributes['gen_ai.agent.id'],
          name,
          attributes['exception.type'],
          attributes['failure.class'] ?? '-',
        ].join(' '),
      )
      .sort();
  await expect
    .poll(failed)
    .toEqual([
      expect.stringMatching(/^desk execute_node leave \w+ network.error$/),
      'desk execute_node total ToolError -',
      'orders execute_node total TypeError -',
    ]);
  await receiver.stop();
});
