import { type Dialect, firstText, type Meaning, type SpanView } from './dialect.ts';
import { namedPart } from './names.ts';

const MASTRA_TYPE = 'mastra.span.type';
const MASTRA_PARTS: Readonly<Record<string, Meaning['part']>> = {
  agent_run: 'agent',
  workflow_run: 'graph',
  workflow_step: 'node',
  workflow_conditional: 'step',
  workflow_parallel: 'step',
  workflow_loop: 'step',
};

export const mastra: Dialect = {
  name: 'mastra',
  title: 'Mastra',
  frameworks: ['Mastra (@mastra/otel-exporter)'],
  reference: 'https://mastra.ai/docs/observability/tracing/exporters/otel',
  reports: 'agents, workflows and their steps',
  hides: 'tries of one step',
  prefixes: ['mastra.'],
  parts: [{ key: MASTRA_TYPE, values: Object.keys(MASTRA_PARTS) }],
  calls: [
    {
      key: MASTRA_TYPE,
      values: {
        model: ['model_generation', 'llm_generation'],
        tool: ['tool_call', 'mcp_tool_call'],
      },
    },
  ],
  read(span) {
    const type = span.text(MASTRA_TYPE);
    if (type === '') return undefined;
    const input = firstText(
      span.text(`mastra.${type}.input`),
      span.text('mastra.input'),
      span.text('input'),
    );
    const part = MASTRA_PARTS[type] ?? 'operation';
    const run = span.text('mastra.metadata.runId');
    const named = part === 'operation' ? { part } : namedPart(part, mastraName(span, part));
    return { ...named, input, run };
  },
};

/** The entity's own attribute, else what the span's name says: `agent run: 'clerk'`. */
function mastraName(span: SpanView, part: Meaning['part']): string {
  const entity = firstText(
    part === 'agent' ? span.text('gen_ai.agent.name') : '',
    span.text('mastra.entity.name'),
    span.text('mastra.entity.id'),
  );
  return entity ?? span.name.replace(/^[a-z_ ]+(?:run|step|:)\s*:?\s*/, '').replaceAll(/['"]/g, '');
}
