import { type Dialect, firstText, type Meaning } from './dialect.ts';
import { namedPart } from './names.ts';

const VOLT_PARTS: Readonly<Record<string, Meaning['part']>> = {
  agent: 'agent',
  workflow: 'graph',
  'workflow-step': 'node',
};

export const voltAgent: Dialect = {
  name: 'voltagent',
  title: 'VoltAgent',
  frameworks: ['VoltAgent'],
  reference: 'https://voltagent.dev/observability-docs/',
  reports: 'agents, workflows and their steps, conversations, inputs',
  hides: 'tries of one step',
  prefixes: ['voltagent.', 'workflow.step.'],
  reads: [
    'entity.type',
    'entity.name',
    'entity.id',
    'span.type',
    'input',
    'output',
    'conversation.id',
  ],
  parts: [
    { key: 'entity.type', values: ['agent', 'workflow'] },
    { key: 'span.type', values: Object.keys(VOLT_PARTS) },
  ],
  calls: [
    { key: 'span.type', values: { model: ['llm'], tool: ['tool'], guardrail: ['guardrail'] } },
  ],
  outputs: ['output'],
  read(span) {
    const type = firstText(span.text('span.type'), span.text('entity.type'));
    if (type === undefined || !span.has('entity.type')) return undefined;
    const part = VOLT_PARTS[type] ?? 'operation';
    const step = firstText(span.text('workflow.step.name'), span.text('workflow.step.id'));
    const entity = firstText(span.text('entity.name'), span.text('entity.id')) ?? '';
    return {
      ...(part === 'operation'
        ? { part }
        : namedPart(part, part === 'node' ? (step ?? entity) : entity)),
      session: span.text('conversation.id'),
      input: span.text('input'),
    };
  },
};
