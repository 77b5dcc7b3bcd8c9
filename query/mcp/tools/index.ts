// All tools, in the order in which they are usually needed.
import type { Tool } from '../tool.ts';
import { evolutionAdvice } from './advice.ts';
import { failureBrief } from './brief.ts';
import { failureCases } from './cases.ts';
import { changeFailureGroup } from './change-group.ts';
import { listEvolutions, recordEvolution } from './evolutions.ts';
import { getFailure, listFailures } from './failures.ts';
import { diffGraphs } from './graphs.ts';
import { getFailureGroup, listFailureGroups } from './groups.ts';
import { nodeHealth, retryAdvice } from './nodes.ts';
import { findSimilarFailures } from './similar.ts';
import { queryFailuresSql } from './sql.ts';
import { verifyFix } from './verify.ts';

export const tools: readonly Tool[] = [
  failureBrief,
  evolutionAdvice,
  listFailureGroups,
  getFailureGroup,
  listFailures,
  getFailure,
  failureCases,
  verifyFix,
  findSimilarFailures,
  listEvolutions,
  nodeHealth,
  retryAdvice,
  diffGraphs,
  queryFailuresSql,
  recordEvolution,
  changeFailureGroup,
];
