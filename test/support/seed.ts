// Properties are tested on the same random cases in every run, so that a run does not fail by chance;
// FAULTLINE_TEST_SEED, a number, gives others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.FAULTLINE_TEST_SEED ?? 1) });
