// The arrows between the folders, as ARCHITECTURE.md draws them.
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
      to: { path: '^instrumentation/(?!redaction/|plain\\.ts$)' },
    },
    {
      name: 'collector-sees-only-semconv-and-redaction',
      severity: 'error',
      from: { path: '^collector/' },
      to: { path: '^(query|deploy|test|instrumentation/(?!semconv/|redaction/))' },
    },
    {
      name: 'query-sees-only-instrumentation',
      severity: 'error',
      from: { path: '^query/' },
      to: { path: '^(collector|deploy|test)/' },
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
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-dev-dependency-in-the-product',
      severity: 'error',
      from: {
        path: '^(instrumentation|collector|query|deploy)/',
        // The page is bundled: what it needs is not installed with the package.
        pathNot: [
          '^instrumentation/semconv/generate\\.ts$',
          '^deploy/demo/',
          '^deploy/package/',
          '^query/page/',
        ],
      },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'],
      },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
