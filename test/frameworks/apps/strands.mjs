// An agent whose tool throws, and one whose model refuses. Needs Node 22.
import { Agent, Model, tool } from '@strands-agents/sdk';
import { z } from 'zod';

class Local extends Model {
  constructor(answers) {
    super();
    this.answers = answers;
    this.config = { modelId: 'local' };
  }
  updateConfig() {}
  getConfig() {
    return this.config;
  }
  async *stream() {
    const answer = this.answers.shift();
    if (answer instanceof Error) throw answer;
    yield { type: 'modelMessageStartEvent', role: 'assistant' };
    if (answer.tool) {
      yield {
        type: 'modelContentBlockStartEvent',
        start: { type: 'toolUseStart', name: answer.tool, toolUseId: 'c1' },
      };
      yield {
        type: 'modelContentBlockDeltaEvent',
        delta: { type: 'toolUseInputDelta', input: '{"id":"A-17"}' },
      };
      yield { type: 'modelContentBlockStopEvent' };
      yield { type: 'modelMessageStopEvent', stopReason: 'toolUse' };
    } else {
      yield { type: 'modelContentBlockStartEvent' };
      yield {
        type: 'modelContentBlockDeltaEvent',
        delta: { type: 'textDelta', text: answer.text },
      };
      yield { type: 'modelContentBlockStopEvent' };
      yield { type: 'modelMessageStopEvent', stopReason: 'endTurn' };
    }
  }
}
const lookup = tool({
  name: 'lookup',
  description: 'Finds an order.',
  inputSchema: z.object({ id: z.string() }),
  callback: ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
for (const agent of [
  new Agent({
    name: 'clerk',
    model: new Local([{ tool: 'lookup' }, { text: 'sorry' }]),
    tools: [lookup],
    printer: false,
  }),
  new Agent({
    name: 'refused',
    model: new Local([new Error('401 Incorrect API key provided')]),
    printer: false,
  }),
]) {
  await agent.invoke('hi').catch((error) => console.log(error.name, error.message.slice(0, 80)));
}
