#!/usr/bin/env node
// The `faultline` executable.
import { endWith, guardProcess } from './exit.ts';
import { createProgram } from './program.ts';

guardProcess();
await createProgram().parseAsync().catch(endWith);
