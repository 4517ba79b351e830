/**
 * Preferences about the use of content, as authors state them in the `Content-Usage` header and in
 * robots.txt (IETF AIPREF: draft-ietf-aipref-vocab-08 and draft-ietf-aipref-attach-05), read for the one
 * question that matters here: may this be used to train models? The labels of older drafts are
 * understood, too: they are still served.
 */

/**
 * What stands for the training of models, the most specific first: the first that is stated decides.
 * `train-ai` since vocab-02, `ai` in -00 and -01; then what they were part of: `bots`, `all` and `tdm`.
 */
const TRAINING = ['train-ai', 'ai', 'bots', 'all', 'tdm'] as const;
/**
 * A part of training in vocab-00 to -03. What is published as a dataset can train generative models,
 * so whoever forbids that forbids it here.
 */
const GENERATIVE = ['train-genai', 'genai'] as const;

/** The preference of a Content-Usage value that speaks against training, as `train-ai=n`. */
export function usageAgainstTraining(value: string): string | undefined {
  const preferences = parseDictionary(value);
  if (preferences === undefined) return undefined;
  const isStated = (label: string) => ['y', 'n'].includes(preferences.get(label) ?? '');
  for (const labels of [TRAINING, GENERATIVE]) {
    const label = labels.find(isStated);
    if (label !== undefined && preferences.get(label) === 'n') return `${label}=n`;
  }
  return undefined;
}

/**
 * The signal of a `Content-Signal` value (contentsignals.org, which Cloudflare writes into the robots.txt
 * of its customers) that speaks against training.
 */
export function signalAgainstTraining(value: string): string | undefined {
  const signals = value.toLowerCase().split(',');
  const refused = signals.some((signal) => /^\s*ai-train\s*=\s*no\s*$/.test(signal));
  return refused ? 'ai-train=no' : undefined;
}

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
/** Numbers, strings, bytes, booleans, dates and display strings (RFC 9651 §3.3). */
const OTHER_ITEM =
  /-?\d{1,12}\.\d{1,3}|-?\d{1,15}|"(?:[ !#-[\]-~]|\\["\\])*"|:[A-Za-z0-9+/=]*:|\?[01]|@-?\d{1,15}|%"(?:[ !#$&-~]|%[0-9a-f]{2})*"/y;
const SPACES = / */y;
/** Around the commas of a dictionary. */
const BLANKS = /[ \t]*/y;

/**
 * The members of a structured-field dictionary (RFC 9651 §4.2.2) with their tokens; undefined for values
 * of other types. Undefined as a whole when it is not well-formed. Parameters are passed over.
 */
export function parseDictionary(text: string): Map<string, string | undefined> | undefined {
  const members = new Map<string, string | undefined>();
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const takeChar = (char: string): boolean => {
    if (text[at] !== char) return false;
    at++;
    return true;
  };
  /** A token or another item; undefined where neither stands. */
  const takeItem = (): { token: string | undefined } | undefined => {
    const token = take(TOKEN);
    if (token !== undefined) return { token };
    return take(OTHER_ITEM) === undefined ? undefined : { token: undefined };
  };
  const takeParameters = (): boolean => {
    while (takeChar(';')) {
      take(SPACES);
      if (take(KEY) === undefined) return false;
      if (takeChar('=') && takeItem() === undefined) return false;
    }
    return true;
  };
  /** The rest of an inner list, after its parenthesis. */
  const takeList = (): boolean => {
    for (;;) {
      const spaces = take(SPACES);
      if (takeChar(')')) return true;
      if (spaces === '' && text[at - 1] !== '(') return false;
      if (takeItem() === undefined || !takeParameters()) return false;
    }
  };

  take(SPACES);
  while (at < text.length) {
    const key = take(KEY);
    if (key === undefined) return undefined;
    let token: string | undefined;
    if (takeChar('=')) {
      if (takeChar('(')) {
        if (!takeList()) return undefined;
      } else {
        const item = takeItem();
        if (item === undefined) return undefined;
        token = item.token;
      }
    }
    if (!takeParameters()) return undefined;
    // A key that comes again takes the place of the one before.
    members.set(key, token);
    take(BLANKS);
    if (at === text.length) return members;
    if (!takeChar(',')) return undefined;
    take(BLANKS);
    if (at === text.length) return undefined;
  }
  return members;
}
