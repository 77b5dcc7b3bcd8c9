// `faultline completion bash|zsh|fish`: scripts that ask the executable itself what may stand next, so
// that they never lag behind the tree of verbs.
import { Argument, type Command, type Option } from 'commander';
import { addLateFlags } from './late-flags.ts';
import { examples } from './terminal/help.ts';
import { print, printJson } from './terminal/output.ts';

/** Milliseconds that the query service has to list its agents in. */
const AGENTS_MS = 5_000;
/** Ids that no shell could take for anything else; others are not offered. */
const PLAIN_ID = /^[\w.@%+/-]+$/;

// Each hands over the words up to the cursor; without a candidate it completes names of files.
const SCRIPTS = {
  bash: `_faultline() {
  local word
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _faultline faultline`,
  zsh: `#compdef faultline
_faultline() {
  local word about
  local -a found
  while IFS=$'\\t' read -r word about; do
    found+=("\${word//:/\\\\:}:$about")
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then _describe 'faultline' found; else _files; fi
}
if [[ "$funcstack[1]" == _faultline ]]; then _faultline "$@"; else compdef _faultline faultline; fi`,
  fish: `function __faultline_complete
  set -l words (commandline -opc) "$(commandline -ct)"
  set -l found ($words[1] complete -- $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$(commandline -ct)"
  end
end
complete -c faultline -f -a '(__faultline_complete)'`,
} as const;

/** Adds the verbs to the program. */
export function addCompletionVerbs(program: Command): void {
  const shells = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];
  examples(
    program.command('completion'),
    'source <(faultline completion bash)',
    'faultline completion zsh > "$' + '{fpath[1]}/_faultline"',
    'faultline completion fish > ~/.config/fish/completions/faultline.fish',
  )
    .description('prints a script that completes verbs, flags, their values and agents')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .option('--json', 'print JSON')
    .action((shell: keyof typeof SCRIPTS, { json }: { json?: boolean }) => {
      const script = SCRIPTS[shell];
      if (json) printJson({ shell, script });
      else print(script);
    });
  program
    .command('complete', { hidden: true })
    .description('what may stand next, for the scripts of completion')
    .argument('[words...]', 'what stands after "faultline", up to the cursor')
    .action(async (words: string[]) => {
      const found = await candidates(program, words);
      if (found.length > 0) print(found.map((one) => one.join('\t')).join('\n'));
    });
}

type Candidate = [word: string, about: string];

/** What may stand in place of the last word. */
async function candidates(program: Command, words: readonly string[]): Promise<Candidate[]> {
  // Bash makes a word of its own of the "=" in --flag=value.
  const typed = words.filter((word, index) => word !== '=' || index === words.length - 1);
  const current = typed.at(-1) === '=' ? '' : (typed.at(-1) ?? '');
  const place = await placeOf(program, typed.slice(0, -1));
  const [flag, started] = /^(--[\w-]+)=(.*)$/.exec(current)?.slice(1) ?? [];
  const fitting = (all: Candidate[], start = current) =>
    all.filter(([word]) => word.startsWith(start));
  if (flag !== undefined) {
    const values = await valuesOf(place.verb.options.find(isNamed(flag)), place);
    return fitting(values, started).map(([word, about]) => [`${flag}=${word}`, about]);
  }
  if (place.option && !(place.option.optional && current.startsWith('-'))) {
    return fitting(await valuesOf(place.option, place));
  }
  if (current.startsWith('-')) return fitting(flagsOf(place.verb));
  const verbs = place.verb.createHelp().visibleCommands(place.verb);
  if (verbs.length > 0) {
    return fitting(verbs.map((verb) => [verb.name(), verb.description()]));
  }
  const choices = place.verb.registeredArguments[place.operands]?.argChoices ?? [];
  return fitting(choices.map((choice) => [choice, '']));
}

interface Place {
  verb: Command;
  /** That waits for its value. */
  option?: Option | undefined;
  /** How many operands of the verb stand there already. */
  operands: number;
  /** Values of flags that were given. */
  given: Map<string, string>;
}

const isNamed = (flag: string) => (option: Option) => [option.short, option.long].includes(flag);

/** Where the words before the last one lead to. */
async function placeOf(program: Command, words: readonly string[]): Promise<Place> {
  const place: Place = { verb: program, operands: 0, given: new Map() };
  for (const word of words) {
    if (place.option && !(place.option.optional && word.startsWith('-'))) {
      place.given.set(place.option.attributeName(), word);
      place.option = undefined;
    } else if (word.startsWith('-')) {
      const option = place.verb.options.find(isNamed(word));
      place.option = option?.required || option?.optional ? option : undefined;
    } else {
      const verb = place.verb.commands.find((one) => one.name() === word);
      if (verb) {
        await addLateFlags(verb);
        place.verb = verb;
      } else if (place.verb.name() !== 'help') place.operands += 1;
      // After "help" the words are those of a verb.
      if (verb?.name() === 'help') place.verb = program;
    }
  }
  return place;
}

const flagsOf = (verb: Command): Candidate[] =>
  verb
    .createHelp()
    .visibleOptions(verb)
    .map((option) => [option.long ?? option.short!, option.description]);

async function valuesOf(option: Option | undefined, { given }: Place): Promise<Candidate[]> {
  if (option?.argChoices) return option.argChoices.map((choice) => [choice, '']);
  if (option?.long !== '--agent') return [];
  try {
    const { createClient } = await import('../../query/http/client.ts');
    const url = given.get('url') ?? process.env.FAULTLINE_URL;
    const token = given.get('token') ?? process.env.FAULTLINE_TOKEN;
    const client = createClient({
      ...(url && { url }),
      ...(token && { token }),
      timeout: AGENTS_MS,
    });
    const { items } = await client.agents();
    return items
      .filter(({ agent_id }) => PLAIN_ID.test(agent_id))
      .map(({ agent_id, failures }) => [agent_id, `${failures} failures`]);
  } catch {
    return [];
  }
}
