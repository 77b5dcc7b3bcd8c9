// An agent whose tool throws, and one whose model refuses.
import { BaseLlm, FunctionTool, InMemoryRunner, LlmAgent } from '@google/adk';
import { z } from 'zod';

class Model extends BaseLlm {
  #answers;
  constructor(answers) {
    super({ model: 'local' });
    this.#answers = answers;
  }
  async *generateContentAsync() {
    const answer = this.#answers.shift();
    if (answer instanceof Error) throw answer;
    yield { content: { role: 'model', parts: [answer] } };
  }
  async connect() {
    throw new Error('no');
  }
}
const lookup = new FunctionTool({
  name: 'lookup',
  description: 'Finds an order.',
  parameters: z.object({ id: z.string() }),
  execute: ({ id }) => {
    throw new TypeError(`Order ${id} has no total`);
  },
});
const call = { functionCall: { name: 'lookup', args: { id: 'A-17' }, id: 'c1' } };
const agents = [
  new LlmAgent({
    name: 'clerk',
    model: new Model([call, { text: 'sorry' }]),
    instruction: 'x',
    tools: [lookup],
  }),
  new LlmAgent({
    name: 'refused',
    model: new Model([new Error('401 Incorrect API key provided')]),
    instruction: 'x',
  }),
];
for (const agent of agents) {
  const runner = new InMemoryRunner({ agent, appName: agent.name });
  const session = await runner.sessionService.createSession({ appName: agent.name, userId: 'u' });
  try {
    for await (const event of runner.runAsync({
      userId: 'u',
      sessionId: session.id,
      newMessage: { role: 'user', parts: [{ text: 'hi' }] },
    })) {
      if (event.errorMessage)
        console.log('event', event.errorCode, event.errorMessage.slice(0, 80));
    }
  } catch (error) {
    console.log(error.name, error.message.slice(0, 80));
  }
}
