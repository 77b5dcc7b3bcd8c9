import { describe, expect, test } from 'vitest';
import { fingerprint } from '../../../collector/materialize/fingerprint/v1.ts';

const INPUT = {
  agent_id: 'a',
  node_id: 'n',
  class: '',
  error_type: 'Error',
  error_message: 'it broke',
  stack_trace: '',
};

const of = (...lines: string[]) => fingerprint({ ...INPUT, stack_trace: lines.join('\n') });
const hashOf = (...lines: string[]) => of(...lines).fingerprint;

const NODE = (line: number, root = '/srv/app') => [
  'Error: it broke',
  `    at parse (${root}/src/parse.js:${line}:9)`,
  `    at async Planner.run (file://${root}/src/planner.js:${line}:1)`,
  '    at async Runnable.invoke (/srv/app/node_modules/@langchain/core/dist/base.js:9:1)',
  '    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
];
const PYTHON = (line: number) => [
  'Traceback (most recent call last):',
  `  File "/srv/app/planner.py", line ${line}, in run`,
  '    return parse(text)',
  '           ^^^^^^^^^^^',
  `  File "/srv/app/parse.py", line ${line}, in parse`,
  '    json.loads(text)',
  '  File "/usr/lib/python3.12/json/__init__.py", line 346, in loads',
  '    return _default_decoder.decode(s)',
  'json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
];
const JAVA = (line: number) => [
  'java.lang.IllegalStateException: it broke',
  `\tat com.acme.Planner.run(Planner.java:${line})`,
  `\tat com.acme.Planner.lambda$main$${line}(Planner.java:${line})`,
  '\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1511)',
];
const GO = (line: number) => [
  'goroutine 1 [running]:',
  `main.(*Planner).Run(0xc00001${line}, {0x1, 0x2})`,
  `\t/srv/app/planner.go:${line} +0x1d`,
  'net/http.(*Client).Do(...)',
  '\t/usr/local/go/src/net/http/client.go:590',
  'created by main.main in goroutine 7',
  `\t/srv/app/main.go:${line} +0x3c`,
  '',
  'goroutine 9 [select]:',
  'main.other()',
  '\t/srv/app/other.go:3 +0x1',
];

describe('the frame where it was raised, without lines and callers', () => {
  test.each([
    ['JavaScript', NODE, 'parse@parse'],
    ['Python', PYTHON, 'parse@parse'],
    ['Java', JAVA, 'com.acme.Planner.run'],
    ['Go', GO, 'main.(*Planner).Run'],
  ])('%s', (_language, trace, raised) => {
    expect(of(...trace(12)).raised).toBe(raised);
    expect(hashOf(...trace(12))).toBe(hashOf(...trace(99)));
    expect(hashOf(...trace(12))).not.toBe(hashOf());
  });

  test.each([
    [
      'a library of Python',
      '  File "/v/lib/python3.12/site-packages/openai/_base.py", line 1, in request',
      'request@openai/_base',
    ],
    [
      'pnpm on Windows',
      '    at post (C:\\a\\node_modules\\.pnpm\\x@1.0.2\\node_modules\\@ai-sdk\\x\\src\\post.ts:1:2)',
      'post@@ai-sdk/x/post',
    ],
    ['a hashed chunk', '    at run (file:///w/limit-BqXkTzAa.mjs:10:3)', 'run@limit'],
    ['a minified name', '    at n4.generate (file:///w/cli.js:1317:12488)', 'generate@cli'],
    ['no name', '    at index.js:4658:7210', '@index'],
    [
      'evaluated code',
      '    at eval (eval at tool (file:///a/t.js:3:5), <anonymous>:3:7)\n    at tool (file:///a/t.js:3:5)',
      'tool@t',
    ],
    ['Firefox', 'run@https://app.example/assets/a.js:12:34', 'run@a'],
    [
      'a proxy of Java',
      '\tat com.acme.Repo$$EnhancerBySpringCGLIB$$8aebfe38.find(<generated>)',
      'com.acme.Repo.find',
    ],
    [
      'reflection of Java',
      '\tat jdk.internal.reflect.GeneratedAccessor77.invoke(Unknown Source)\n\tat com.acme.A.b(A.java:1)',
      'com.acme.A.b',
    ],
    [
      'async .NET',
      '   at Acme.A.<LoadAsync>d__134.MoveNext() in C:\\a.cs:line 459',
      'Acme.A.LoadAsync',
    ],
    ['Mono', '  at Acme.A+<LoadAsync>d__37.MoveNext () [0x00197] in <e87a>:0 ', 'Acme.A.LoadAsync'],
    ['Chinese .NET', '   在 Acme.B.Parse() 位置 C:\\X.cs:行号 18', 'Acme.B.Parse'],
    ['German .NET', '   bei Acme.B.Parse(String s) in C:\\X.cs:Zeile 18.', 'Acme.B.Parse'],
    [
      'Go with -trimpath',
      'runtime/debug.Stack()\n\truntime/debug/stack.go:26 +0x5e\npanic({0x7f})\n\truntime/panic.go:884\ngithub.com/a/b.Run(0x1)\n\tgithub.com/a/b/run.go:10 +0x8',
      'github.com/a/b.Run',
    ],
    [
      'Go on Windows, blanks for tabs',
      'main.Alpha(0xc000)\n        C:/a/b/alpha.go:10 +0x1d',
      'main.Alpha',
    ],
    ['Ruby', "/app/services/parser.rb:12:in `parse_total'", 'parse_total@parser'],
    [
      'Ruby 3.4 in a gem',
      "sentry-rails (5.18.2) lib/sentry/rails/a.rb:20:in 'Sentry::A#report'",
      'report@sentry-rails/a',
    ],
    ['PHP', '#0 /var/www/form.php(36): Acme\\Formatting->render()', 'Acme\\Formatting::render'],
    [
      'Rust',
      '   0: rust_begin_unwind\n             at /rustc/90b3/library/std/src/panicking.rs:645:5\n   1: core::panicking::panic_fmt\n   2: mint::modio::parse_id\n             at ./src/modio.rs:191:64',
      'mint::modio::parse_id',
    ],
    [
      'Rust without files',
      '  20:     0x56102b9af43f - std::panicking::begin::hd7abae9ff5d6f606\n  21:     0x56102b9af440 - diem::agent::parse::h78d5e9ed16e8a542',
      'diem::agent::parse',
    ],
    [
      'Elixir',
      '    (elixir 1.15.0) lib/enum.ex:1: Enum.map/2\n    (my_app 0.1.0) lib/my_app/a.ex:12: MyApp.A.run/2',
      'MyApp.A.run@a',
    ],
    ['none of these', 'solve in calc.jl:12', 'solve@calc'],
  ])('%s', (_what, trace, raised) => {
    expect(of(trace).raised).toBe(raised);
  });
});

test('attempt 1 and attempt 2 agree: callers after the first await do not count', () => {
  const raised = '    at parse (/srv/app/src/parse.js:1:9)';
  const later = '    at async Planner.run (file:///srv/app/src/planner.js:2:1)';
  expect(hashOf('Error: x', raised)).toBe(hashOf('Error: x', raised, later));
});

test('another function is another problem, another folder is not', () => {
  const renamed = NODE(1).map((line) => line.replace('at parse', 'at read'));
  expect(hashOf(...renamed)).not.toBe(hashOf(...NODE(1)));
  expect(hashOf(...NODE(1, '/home/bob/app'))).toBe(hashOf(...NODE(1)));
});

describe('members of a group count', () => {
  const python = (type: string) => [
    '  + Exception Group Traceback (most recent call last):',
    '  |   File "/srv/app/all.py", line 3, in run_all',
    '  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)',
    '  +-+---------------- 1 ----------------',
    '    | Traceback (most recent call last):',
    '    |   File "/srv/app/one.py", line 9, in fetch',
    `    | ${type}: no answer`,
    '    +------------------------------------',
  ];
  const script = (message: string) => [
    'AggregateError: All promises were rejected',
    '    at async callAny (/srv/app/models.js:14:3) {',
    '  [errors]: [',
    `    Error: ${message}`,
    '        at callOllama (/srv/app/models.js:5:9)',
    '  ]',
    '}',
  ];

  test('of Python', () => {
    expect(of(...python('OSError'))).toMatchObject({ raised: 'run_all@all' });
    expect(of(...python('OSError')).causes).toEqual(['oserror no answer']);
    expect(hashOf(...python('OSError'))).not.toBe(hashOf(...python('KeyError')));
  });

  test('of JavaScript', () => {
    expect(hashOf(...script('connect ECONNREFUSED 1.2.3.4:5'))).not.toBe(
      hashOf(...script('429 Too Many Requests')),
    );
    expect(hashOf(...script('waited 3 s'))).toBe(hashOf(...script('waited 9 s')));
  });
});

test('the depth of a recursion does not count', () => {
  const frame = (name: string) => `    at ${name} (/app/src/walk.js:1:1)`;
  const walk = (depth: number) => [
    ...Array.from({ length: depth }, () => [frame('even'), frame('odd')]).flat(),
    frame('start'),
  ];
  expect(hashOf(...walk(40))).toBe(hashOf(...walk(30)));
  // Which of the two hits the bound is chance.
  expect(hashOf(frame('odd'), ...walk(40))).toBe(hashOf(...walk(40)));
});

test('what a build or a run puts into a file name does not count', () => {
  const file = (name: string) => `    at run (/app/${name}:1:1)`;
  expect(hashOf(file('dist/main.8f3a2b.js'))).toBe(hashOf(file('dist/main.77aa01.js')));
  const python = (name: string) => `  File "/tmp/${name}", line 1, in <module>`;
  expect(hashOf(python('tmp_code_92ba2e.py'))).toBe(hashOf(python('tmp_code_1d854a.py')));
  expect(hashOf(python('look up the weather'))).toBe(hashOf(python('find a bar')));
});

describe('the chain of causes counts', () => {
  const at = (name: string) => `    at ${name} (/app/src/${name}.js:1:1)`;
  test.each([
    [
      'JavaScript',
      (why: string) => ['Error: it broke', at('run'), `  [cause]: Error: ${why}`, at('call')],
    ],
    [
      'Java',
      (why: string) => [
        ...JAVA(1),
        `Caused by: java.io.IOException: ${why}`,
        '\tat com.acme.Net.get(Net.java:1)',
        '\t... 12 more',
      ],
    ],
    [
      'Python',
      (why: string) => [
        'Traceback (most recent call last):',
        '  File "/srv/app/net.py", line 1, in get',
        `OSError: ${why}`,
        '',
        'The above exception was the direct cause of the following exception:',
        '',
        ...PYTHON(1),
      ],
    ],
  ])('%s', (_language, trace) => {
    expect(of(...trace('refused after 3 tries')).causes).toHaveLength(1);
    expect(of(...trace('refused after 3 tries')).causes[0]).toContain('refused after');
    expect(hashOf(...trace('refused after 3 tries'))).toBe(
      hashOf(...trace('refused after 9 tries')),
    );
    expect(hashOf(...trace('refused'))).not.toBe(hashOf(...trace('reset')));
  });
});

test('Python reports the cause first, so what was thrown is the last', () => {
  const chained = [
    'Traceback (most recent call last):',
    '  File "/srv/app/net.py", line 1, in get',
    'OSError: refused',
    '',
    'During handling of the above exception, another exception occurred:',
    '',
    'Traceback (most recent call last):',
    '  File "/srv/app/run.py", line 1, in run',
    'RuntimeError: no data',
  ];
  expect(of(...chained)).toMatchObject({
    raised: 'run@run',
    causes: ['oserror refused'],
  });
});

test.each([
  ['words', 'this is no stack trace'],
  ['a message again', 'Error: it broke'],
  ['one line that begins like a frame', 'at least 3 are needed'],
  ['binary', '\u0000\u0001\ud800'],
])('a stack trace that is none (%s) does not count', (_what, stack_trace) => {
  const found = fingerprint({ ...INPUT, stack_trace });
  expect(found.fingerprint).toBe(hashOf());
  expect(found.why()).toContain('the stack trace holds no frame');
});

describe('a trace within the message', () => {
  const output = (code: string, after: string) =>
    ['exitcode: 1 (execution failed)', `Code output: ${after}`, ...PYTHON(3), after]
      .join('\n')
      .replace('tmp', code);

  test('leaves what was thrown, and its frames', () => {
    const found = fingerprint({ ...INPUT, error_message: output('a', '') });
    expect(found.template).toBe(
      'exitcode: <num> (execution failed)\njson.decoder.JSONDecodeError: Expecting value: line <num> column <num> (char <num>)',
    );
    expect(found.raised).toBe('parse@parse');
  });

  test('what the tool wrote besides does not count', () => {
    const hash = (after: string) =>
      fingerprint({ ...INPUT, error_message: output('a', after) }).fingerprint;
    expect(hash('Search result 1: a bar')).toBe(hash('Search result 2: a museum'));
  });
});

test('names the packages of the trace', () => {
  expect(of(...NODE(1)).libraries).toEqual(['@langchain/core']);
  expect(
    of('  File "/v/lib/python3.12/site-packages/openai/_base_client.py", line 1, in request')
      .libraries,
  ).toEqual(['openai']);
});

describe('hostile traces', () => {
  test.each([
    ['frames', '    at f (/a.js:1:1)\n'],
    ['frames without an end', '    at f ('],
    ['Java', '\tat a.b.c('],
    ['Python', '  File "'],
    ['lines of Python', '  File "/a.py", line 1, in f\n'],
    ['Go', '\t/a.go:1\n'],
    ['causes', 'Caused by: a\n'],
    ['tracebacks', 'Traceback (most recent call last):\n'],
    ['blanks', ' '],
    ['lines', '\n'],
    ['digits', '    at 1:1:1:1'],
  ])('%s are read with bounded work', (_what, part) => {
    const found = of(part.repeat(Math.ceil(1_000_000 / part.length)));
    expect(found.raised.length).toBeLessThan(500);
    expect(found.causes.length).toBeLessThanOrEqual(4);
  });
});
