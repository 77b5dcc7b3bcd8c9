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

describe('own frames, innermost first, without lines', () => {
  test.each([
    ['JavaScript', NODE, ['parse@parse', 'Planner.run@planner']],
    ['Python', PYTHON, ['parse@parse', 'run@planner']],
    ['Java', JAVA, ['com.acme.Planner.run', 'com.acme.Planner.lambda$main$#']],
    ['Go', GO, ['main.(*Planner).Run', 'main.main']],
  ])('%s', (_language, trace, frames) => {
    expect(of(...trace(12)).frames).toEqual(frames);
    expect(hashOf(...trace(12))).toBe(hashOf(...trace(99)));
    expect(hashOf(...trace(12))).not.toBe(hashOf());
  });
});

test('another function is another problem, another folder is not', () => {
  const renamed = NODE(1).map((line) => line.replace('at parse', 'at read'));
  expect(hashOf(...renamed)).not.toBe(hashOf(...NODE(1)));
  expect(hashOf(...NODE(1, '/home/bob/app'))).toBe(hashOf(...NODE(1)));
});

test('frames of libraries count only where there are no others', () => {
  const library = '    at get (/app/node_modules/axios/lib/get.js:1:1)';
  const other = '    at put (/app/node_modules/axios/lib/put.js:1:1)';
  expect(of(library).frames).toEqual(['get@get']);
  expect(of(library).why).toContain('1 frame of library code');
  expect(hashOf(library)).not.toBe(hashOf(other));
  const own = '    at run (/app/src/run.js:1:1)';
  expect(hashOf(library, own)).toBe(hashOf(other, own));
});

test('the depth of a recursion does not count', () => {
  const frame = (name: string) => `    at ${name} (/app/src/walk.js:1:1)`;
  const walk = (depth: number) => [
    ...Array.from({ length: depth }, () => [frame('even'), frame('odd')]).flat(),
    frame('start'),
  ];
  expect(of(...walk(40)).frames).toEqual(['even@walk', 'odd@walk', 'start@walk']);
  expect(hashOf(...walk(40))).toBe(hashOf(...walk(3)));
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
    expect(of(...trace('refused after 3 tries')).causes[0]).toContain('refused after * try');
    expect(hashOf(...trace('refused after 3 tries'))).toBe(
      hashOf(...trace('refused after 9 tries')),
    );
    expect(hashOf(...trace('refused'))).not.toBe(hashOf(...trace('reset')));
  });
});

test('Python tells the cause first, so what was thrown is the last', () => {
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
    frames: ['run@run'],
    causes: ['OSError refused at get@net'],
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
  expect(found.why).toContain('the stack trace holds no frame');
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
    expect(found.frames).toEqual(['parse@parse', 'run@planner']);
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
    expect(found.frames.length).toBeLessThanOrEqual(6);
    expect(found.causes.length).toBeLessThanOrEqual(4);
  });
});
