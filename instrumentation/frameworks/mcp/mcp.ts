// Auto-instrumentation of MCP, both sides: wraps `Server.setRequestHandler`, to see each call of a tool that a server
// answers, and `Client.callTool`. `McpServer` makes a text of what a tool throws, so two methods of it are wrapped to
// see the error itself, and the tools.
import { Hook } from 'require-in-the-middle';
import { readProperty } from '../../core/exception.ts';
import { guarded } from '../../core/guard.ts';
import { FrameworkInstrumentation, wrapMethod } from '../shared/framework.ts';
import { noteHooked } from '../shared/hooked.ts';
import { type CallTool, recordedCallTool } from './client.ts';
import { noteThrown, type RequestHandler, recordedHandler, rememberTools } from './server.ts';

const V1 = { framework: 'MCP', name: '@modelcontextprotocol/sdk', tested: ['1.0', '2.0'] } as const;
const V2 = { framework: 'MCP', tested: ['2.0', '3.0'], files: [] } as const;

/** Version 1 has no file of its own name, and what `require` gives of such a package no other hook sees. */
const REQUIRED = ['client', 'client/index.js', 'server', 'server/index.js', 'server/mcp.js'].map(
  (file) => `${V1.name}/${file}`,
);

type SetRequestHandler = (this: object, schema: unknown, ...rest: unknown[]) => unknown;

/**
 * Records the calls of tools that MCP servers answer and clients make. List it in your SDK's `instrumentations`, or let
 * `faultline/register` do so; bundled apps call {@link manuallyInstrument}.
 */
export class McpInstrumentation extends FrameworkInstrumentation {
  protected get packages() {
    const files = ['server/index.js', 'server/mcp.js', 'client/index.js'].map(
      (file) => `dist/esm/${file}`,
    );
    return [
      { ...V1, files },
      { ...V2, name: '@modelcontextprotocol/server' },
      { ...V2, name: '@modelcontextprotocol/client' },
    ];
  }

  protected override init() {
    new Hook(REQUIRED, {}, (exports) => {
      noteHooked(V1.framework);
      return guarded(() => this.patch(exports as object) as typeof exports, exports);
    });
    return super.init();
  }

  /**
   * Instruments modules that no hook could see, such as bundled ones.
   * @param modules what `import * as …` gives of `@modelcontextprotocol/sdk/server/index.js`, `…/server/mcp.js` and
   *   `…/client/index.js`, or of version 2's `@modelcontextprotocol/server` and `…/client`
   */
  manuallyInstrument(...modules: object[]): void {
    for (const one of modules) this.patch(one);
  }

  protected patch(exports: object): object {
    const { means } = this;
    const patchServer = (Server: unknown) =>
      wrapMethod<SetRequestHandler>({ Server }, 'Server', 'setRequestHandler', (original) => {
        return function (this, schema, ...rest) {
          const handler = rest.at(-1);
          const given =
            typeof handler === 'function'
              ? [...rest.slice(0, -1), recordedHandler(this, handler as RequestHandler, means)]
              : rest;
          return Reflect.apply(original, this, [schema, ...given]);
        };
      });
    patchServer(readProperty(exports, 'Server'));
    wrapMethod<(this: object, ...args: unknown[]) => unknown>(
      exports,
      'McpServer',
      'setToolRequestHandlers',
      (original) =>
        function (this, ...args) {
          guarded(() => patchServer(rememberTools(this)), undefined);
          return Reflect.apply(original, this, args);
        },
    );
    wrapMethod<(this: object, ...args: unknown[]) => Promise<unknown>>(
      exports,
      'McpServer',
      'executeToolHandler',
      (original) =>
        async function (this, ...args) {
          try {
            return await Reflect.apply(original, this, args);
          } catch (error) {
            guarded(() => noteThrown(error), undefined);
            throw error;
          }
        },
    );
    wrapMethod<CallTool>(exports, 'Client', 'callTool', (original) =>
      recordedCallTool(original, means),
    );
    return exports;
  }
}
