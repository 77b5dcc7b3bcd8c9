// The wire contract: constants and schemas, generated from registry/, and ids.
export * from './attributes.ts';
export * from './failure-id.ts';
export * from './schemas.ts';
