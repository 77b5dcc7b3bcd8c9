// The arrows between the folders, as ARCHITECTURE.md draws them.

/** What the collector and the query service may take from the executor's side. */
const SHARED = 'instrumentation/(semconv|redaction)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'instrumentation-depends-on-nothing-of-ours',
      severity: 'error',
      from: { path: '^instrumentation/' },
      to: { path: '^(collector|query|deploy|test)/' },
    },
    {
      name: 'semconv-stands-alone',
      severity: 'error',
      from: { path: '^instrumentation/semconv/' },
      to: { path: '^instrumentation/(?!semconv/)' },
    },
    {
      name: 'redaction-stands-alone',
      severity: 'error',
      from: { path: '^instrumentation/redaction/' },
      to: { path: '^instrumentation/(?!redaction/|semconv/)' },
    },
    {
      name: 'delivery-knows-no-graph',
      severity: 'error',
      from: { path: '^instrumentation/delivery/' },
      to: {
        path: '^instrumentation/(core|frameworks|conditions|self-check|logs)/',
        pathNot: '^instrumentation/core/(guard|exception)\\.ts$',
      },
    },
    {
      name: 'core-knows-no-feature',
      comment: 'conditions, logs and self-check subscribe to the core',
      severity: 'error',
      from: { path: '^instrumentation/core/' },
      to: { path: '^instrumentation/(frameworks|conditions|self-check|logs)/' },
    },
    {
      name: 'collector-sees-only-semconv-and-redaction',
      severity: 'error',
      from: { path: '^collector/' },
      to: { path: `^(query|deploy|test|instrumentation)/`, pathNot: `^${SHARED}` },
    },
    {
      name: 'serving-knows-no-signal',
      severity: 'error',
      from: { path: '^collector/serving/' },
      to: { path: '^collector/(?!serving/)' },
    },
    {
      name: 'query-sees-only-instrumentation-and-serving',
      severity: 'error',
      from: { path: '^query/' },
      to: { path: '^(collector/(?!serving/)|deploy/|test/)' },
    },
    {
      name: 'base-knows-no-question',
      severity: 'error',
      from: { path: '^query/base/' },
      to: { path: '^query/(questions|alerts|http|mcp|page)/' },
    },
    {
      name: 'questions-know-no-door',
      severity: 'error',
      from: { path: '^query/questions/' },
      to: { path: '^query/(alerts|http|mcp|page)/' },
    },
    {
      name: 'page-asks-over-http',
      comment: 'types of the answers, and the plain lists of the conventions; nothing that runs',
      severity: 'error',
      from: { path: '^query/page/' },
      to: {
        path: '^(query/(?!page/)|instrumentation/(?!semconv/attributes\\.ts$))',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'page-is-served-not-imported',
      severity: 'error',
      from: { path: '^(?!query/page/)' },
      to: { path: '^query/page/' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { path: '^deploy/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-circles',
      comment:
        'a question loads what answers it when it is asked first; that knows the shape of its answer',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'no-dev-dependency-in-the-product',
      severity: 'error',
      from: {
        path: '^(instrumentation|collector|query|deploy)/',
        // The page is bundled: what it needs is not installed with the package.
        pathNot: [
          '^instrumentation/semconv/(generate|schemas)\\.ts$',
          '^deploy/demo/',
          '^deploy/package/',
          '^query/page/',
        ],
      },
      to: {
        // These are bundled into @faultline/instrumentation.
        pathNot: '^node_modules/@opentelemetry/(core|instrumentation|resources)/',
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'],
      },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^instrumentation/dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
