// `node --import @faultline/instrumentation/register app.js`: records an app that knows nothing of it. Nothing
// here awaits, so that `node --require` can load it too.
//
// Sets up, in this order: the loader hook that lets ES modules be instrumented, the instrumentations,
// and (only if OTEL_* variables ask for it) the app's own tracing; see app-sdk.ts. Failures go through
// a private pipeline, so they arrive whatever the app's tracing does.
import * as nodeModule from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { diag } from '@opentelemetry/api';
import { createHook } from 'import-in-the-middle/create-hook.mjs';
// Not by way of register-hooks.mjs, which cannot be loaded from a bundle of CommonJS.
import { supportsSyncHooks } from 'import-in-the-middle/supports-sync-hooks.mjs';
import './conditions/checks.ts';
import './logs/log-failures.ts';
import './self-check/self-check.ts';
import { prepareAppTracing } from './core/app-sdk.ts';
import { sayOnce } from './core/guard.ts';
import { sendLeftovers } from './delivery/default.ts';
import { isDisabled, replayOf } from './delivery/environment.ts';
import { AdkInstrumentation } from './frameworks/adk/index.ts';
import { AgentKitInstrumentation } from './frameworks/agentkit/index.ts';
import { AiSdkInstrumentation } from './frameworks/ai-sdk/index.ts';
import { LangChainInstrumentation } from './frameworks/langchain/index.ts';
import { LangGraphInstrumentation } from './frameworks/langgraph/index.ts';
import { LlamaIndexInstrumentation } from './frameworks/llamaindex/index.ts';
import { MastraInstrumentation } from './frameworks/mastra/index.ts';
import { McpInstrumentation } from './frameworks/mcp/index.ts';
import { OpenAIAgentsInstrumentation } from './frameworks/openai-agents/index.ts';
import { watchHooks } from './frameworks/shared/hooked.ts';
import { ATTR_FAULTLINE_REPLAY } from './semconv/attributes.ts';

/** The only modules that the hook touches: whatever else the app imports stays as it is. */
const HOOKED = [
  // Of version 6: version 7 needs no hook, and its file is index.js.
  /\/node_modules\/ai\/dist\/index\.mjs$/,
  /\/@langchain\/langgraph\/dist\/pregel\/index\.c?js$/,
  /\/@langchain\/core\/dist\/(?:tools\/index|language_models\/chat_models|utils\/async_caller)\.c?js$/,
  /\/@mastra\/core\/dist\/workflows\/index\.c?js$/,
  /\/@openai\/agents-core\/dist\/index\.m?js$/,
  /\/@modelcontextprotocol\/sdk\/dist\/esm\/(?:server\/(?:index|mcp)|client\/index)\.js$/,
  /\/@google\/adk\/dist\/esm\/(?:runner\/runner|agents\/base_agent|plugins\/plugin_manager)\.js$/,
  /\/@inngest\/agent-kit\/dist\/index\.js$/,
  /\/@llamaindex\/workflow-core\/dist\/index\.js$/,
  /\/@modelcontextprotocol\/(?:client|server)\/dist\/index\.[cm]js$/,
];

const LEFTOVERS_AFTER_MS = 1000;

/** Node 20 runs what `--require` names in the thread of its loader hooks too, where there is no app. */
const isLoaderThread = !isMainThread && process.argv[1] === undefined;

if (!isDisabled() && !isLoaderThread) {
  try {
    if ((import.meta.url as string | undefined) === undefined) {
      throw new Error(
        'it is bundled with the app, where no hook works; load it with node --import',
      );
    }
    markReplay();
    installLoaderHook();
    watchHooks();
    new LangGraphInstrumentation();
    new LangChainInstrumentation();
    new OpenAIAgentsInstrumentation();
    new MastraInstrumentation();
    new AiSdkInstrumentation();
    new McpInstrumentation();
    new AdkInstrumentation();
    new AgentKitInstrumentation();
    new LlamaIndexInstrumentation();
    prepareAppTracing();
    // By then the app has named itself to its own SDK, if it has one.
    setTimeout(sendLeftovers, LEFTOVERS_AFTER_MS).unref();
  } catch (error) {
    sayOnce('register', `could not start and records nothing: ${(error as Error).message}`);
    diag.error('faultline/register failed', error);
  }
}

/**
 * Where Node has hooks in the app's own thread they are used, else those in a thread of their own. The
 * hook is ours alone: an app that registers import-in-the-middle itself still can.
 */
function installLoaderHook(): void {
  if (supportsSyncHooks()) {
    // The hook finds its own files from the address that it is given.
    const home = import.meta.resolve('import-in-the-middle/create-hook.mjs');
    const hook = createHook({ url: home });
    hook.applyOptions({ include: HOOKED });
    const { registerHooks } = nodeModule as unknown as {
      registerHooks(hooks: { resolve: unknown; load: unknown }): void;
    };
    registerHooks({ resolve: hook.resolveSync, load: hook.loadSync });
    return;
  }
  nodeModule.register('import-in-the-middle/hook.mjs', import.meta.url, {
    data: { include: HOOKED },
  });
}

/** The app's own SDK, which reads its resource from the environment, marks the spans of a replay too. */
function markReplay(): void {
  const replay = replayOf();
  const attributes = process.env.OTEL_RESOURCE_ATTRIBUTES ?? '';
  if (replay === '' || attributes.includes(`${ATTR_FAULTLINE_REPLAY}=`)) return;
  const mark = `${ATTR_FAULTLINE_REPLAY}=${encodeURIComponent(replay)}`;
  process.env.OTEL_RESOURCE_ATTRIBUTES = attributes ? `${attributes},${mark}` : mark;
}
