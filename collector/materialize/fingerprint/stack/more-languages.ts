// Frames of Ruby, PHP, Rust and Elixir, each by its line.
import { type Frame, fileFrame, nameOf } from './frame.ts';

/** ``/app/a.rb:12:in `run'``, `gem (1.2) lib/a.rb:12:in 'A#run'` */
export function rubyFrame(line: string): Frame | undefined {
  const at = line.indexOf(':in ');
  if (at === -1) return undefined;
  const quote = line[at + 4];
  if (quote !== '`' && quote !== "'") return undefined;
  const end = line.lastIndexOf("'");
  const colon = line.lastIndexOf(':', at - 1);
  if (end <= at + 5 || colon === -1) return undefined;
  const called = line.slice(at + 5, end).replace(/^.* in /, '');
  const name = called.slice(Math.max(called.lastIndexOf('#'), called.lastIndexOf('.')) + 1);
  const place = line.slice(line.startsWith('from ') ? 5 : 0, colon);
  const gem = /^([\w-]+) \([\d.a-z]+\) |\/gems\/([\w-]+?)-\d/.exec(place);
  const isRuntime = place.startsWith('<internal:') || (/\/lib\/ruby\/\d/.test(place) && !gem);
  return fileFrame(name, place, isRuntime, gem?.[1] ?? gem?.[2] ?? '');
}

/** `#0 /srv/a.php(36): Acme\A->run()`: the function, called at that place. */
export function phpFrame(line: string): Frame | undefined {
  const found =
    /^#\d{1,4} (?:\[internal function\]|[^:]{1,300}(?::[^:]{1,300})?\(\d+\)): ([^(]{1,200})\(/.exec(
      line,
    );
  const name = found?.[1]?.replace('->', '::');
  return name === undefined ? undefined : { name: nameOf(name), isRuntime: false };
}

const RUST_RUNTIME =
  /^<?(?:core|std|alloc|backtrace|rust_begin_unwind|rust_panic|__rust|_start|_main|main$|__libc|clone)\b/;

/** `  3: acme::agent::parse`, `21:     0x56102b9af440 - acme::parse::h78d5e9ed16e8a542` */
export function rustFrame(line: string): Frame | undefined {
  const found = /^\d{1,4}: +(?:0x[0-9a-f]+ - )?(\S.*)$/.exec(line);
  const called = found?.[1];
  if (called === undefined || !/^[<\w]/.test(called)) return undefined;
  if (!called.includes('::') && !/^(?:_|rust_|main$)/.test(called)) return undefined;
  const name = nameOf(called.replace(/::h[0-9a-f]{16}$/, ''));
  return { name, isRuntime: RUST_RUNTIME.test(called) };
}

const ELIXIR_RUNTIME = new Set(['elixir', 'stdlib', 'kernel', 'erts', 'eex', 'mix']);

/** `(ecto 3.10.1) lib/ecto/repo.ex:161: Ecto.Repo.one!/3` */
export function elixirFrame(line: string): Frame | undefined {
  const found =
    /^(?:\(([\w]{1,60})(?: [^)]{1,40})?\) )?([^\s:()]{1,200}\.(?:ex|exs|erl)):\d+: (.{1,300})$/.exec(
      line,
    );
  if (!found) return undefined;
  const [, app = '', path = '', called = ''] = found;
  const name = called
    .replace(/^anonymous fn\/\d+ in /, '')
    .replace(/-fun-.*$/, '')
    .replace(/\/\d+$/, '');
  const isRuntime = ELIXIR_RUNTIME.has(app) || called.startsWith(':');
  return { ...fileFrame(nameOf(name), path, isRuntime), ...(app && { library: app }) };
}

/** What names a file with a line, of any language: `at x in file.ext:12`, `file.ext(12) x`. */
export function anyFrame(line: string): Frame | undefined {
  if (line.length > 400) return undefined;
  const found =
    /([\w@/\\-][\w.@/\\-]{0,200}\.[A-Za-z]{1,6})(?::|\(|", line |, line | line )\d+/.exec(line);
  if (!found) return undefined;
  const rest = line.slice(0, found.index) + line.slice(found.index + found[0].length);
  const name =
    /[A-Za-z_$][\w$]*(?:(?:\.|::|->|#)[A-Za-z_$<][\w$>]*)+|[A-Za-z_$][\w$]*(?=\()|[A-Za-z_$][\w$]{3,}/.exec(
      rest,
    );
  return fileFrame(name?.[0] ?? '', found[1]!, false);
}
