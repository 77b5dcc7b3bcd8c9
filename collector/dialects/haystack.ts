import { type Dialect, firstText, type Meaning, ordinal, type SpanView } from './dialect.ts';
import { lastingName } from './names.ts';

/** Haystack's own tracer. */
export const haystack: Dialect = {
  name: 'haystack',
  title: 'Haystack',
  frameworks: ['Haystack (opentelemetry-haystack)'],
  reference: 'https://docs.haystack.deepset.ai/docs/tracing',
  reports: 'components, pipelines, visits; inputs where content tracing is on',
  hides: 'errors of tools that an agent handled',
  prefixes: ['haystack.'],
  spanNames: ['haystack.pipeline.run', 'haystack.component.run', 'haystack.agent.run'],
  parts: [
    { key: 'haystack.component.name' },
    { key: 'haystack.pipeline.metadata' },
    { key: 'haystack.pipeline.input_data' },
    { key: 'haystack.agent.max_steps' },
  ],
  outputs: ['haystack.component.output', 'haystack.pipeline.output_data'],
  read(span) {
    if (!span.name.startsWith('haystack.')) return undefined;
    return PARTS.find(([name]) => name.test(span.name))?.[1](span);
  },
};

const PARTS: readonly [RegExp, (span: SpanView) => Meaning][] = [
  [
    /pipeline\.run$/,
    (span) => ({ part: 'graph', input: firstText(span.text('haystack.pipeline.input_data')) }),
  ],
  [
    /component\.run$/,
    (span) => ({
      part: 'node',
      nodeId: lastingName(span.text('haystack.component.name')),
      nodeType: span.text('haystack.component.type'),
      visitKey: visitKeyOf(span),
      input: firstText(span.text('haystack.component.input')),
    }),
  ],
  [
    /agent\.run$/,
    (span) => ({ part: 'agent', input: firstText(span.text('haystack.agent.input')) }),
  ],
  [/agent\.step$/, () => ({ part: 'step' })],
  [
    /agent\.step\.(?:tool|llm)$/,
    (span) => ({
      part: 'operation',
      isFailed: span.text('haystack.tool.error') === 'true' || undefined,
      input: firstText(span.text('haystack.agent.step.tool.input')),
    }),
  ],
];

/** Which time the pipeline came to the component. */
function visitKeyOf(span: SpanView): string {
  const visit = ordinal(span.text('haystack.component.visits'));
  return visit === undefined ? '' : `${span.text('haystack.component.name')}:${visit}`;
}
