// The wire contract as constants and schemas; both files are generated from registry/.
export * from './attributes.ts';
export * from './schemas.ts';
