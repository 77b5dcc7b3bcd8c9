// Every question of the history under the name of its function in the library. Whatever is listed here has a
// route, stands in OpenAPI and is in the client.

import { retryAdvice } from './advice/question.ts';
import { agents } from './agents/agents.ts';
import { alerts } from './alerts/question.ts';
import { brief } from './brief/question.ts';
import { cascade } from './cascade/question.ts';
import { cases } from './cases/question.ts';
import { evolutionAdvice } from './evolution-advice/question.ts';
import { effects, evolution, evolutions, recordEvolution } from './evolutions/questions.ts';
import { failure, recentFailures } from './failures/questions.ts';
import { diffGraphs, graph } from './graphs/questions.ts';
import { changeGroup, group, groups } from './groups/questions.ts';
import { nodes } from './nodes/question.ts';
import { run, runs } from './runs/runs.ts';
import { similarFailures } from './similar/question.ts';
import { skippedSpans } from './skipped/question.ts';
import { sql } from './sql/sql.ts';
import { timeline } from './timeline/question.ts';
import { recordVerifications, verifications } from './verifications/questions.ts';

export const questions = {
  agents,
  recentFailures,
  failure,
  cascade,
  runs,
  run,
  similarFailures,
  groups,
  group,
  cases,
  changeGroup,
  brief,
  evolutionAdvice,
  nodes,
  retryAdvice,
  timeline,
  evolutions,
  evolution,
  effects,
  recordEvolution,
  verifications,
  recordVerifications,
  graph,
  diffGraphs,
  alerts,
  skippedSpans,
  sql,
};
