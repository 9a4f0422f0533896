/**
 * Path patterns: `*` and `?` stand for characters of one name, `**` for any number of names; case does not count, and
 * `/` is `\`. Matching takes time in proportion to pattern times path, whatever the path: it may come from a stranger.
 */

/** Part of a path, as a pattern's wildcard or name matched it: from (included) to (excluded). */
type Span = readonly [from: number, to: number];

/**
 * A test for paths of a share: whether the pattern means the path, or a folder above it. A pattern without a separator
 * means any name of the path.
 *
 * @example
 * ```ts
 * const test = pathTest("reports/*.doc?");
 * if (!test("Reports\\Q1.docx") || test("Reports\\old\\Q1.docx")) throw new Error();
 * if (!pathTest("old")("reports\\old\\Q1.docx")) throw new Error();
 * ```
 */
export function pathTest(pattern: string): (path: string) => boolean {
  const names = namesOf(pattern);
  const whole = names.length === 1 ? ["**", ...names, "**"] : [...names, "**"];
  return (path) => {
    const parts = namesOf(path);
    return matchNames(whole, parts) !== null || matchNames(whole, withoutStream(parts)) !== null;
  };
}

/** The names of a path. */
export function namesOf(path: string): string[] {
  return path.split(/[\\/]/).filter((name) => name !== "");
}

/** Where each name of a pattern lies in a path; null when the pattern does not match. */
export function matchNames(pattern: readonly string[], names: readonly string[]): Span[] | null {
  return align(pattern.length, names.length, {
    isStar: (index) => pattern[index] === "**",
    fits: (index, at) => matchName(pattern[index]!, names[at]!) !== null,
  });
}

/** Where each character of a name's pattern lies in the name; null when it does not match. */
export function matchName(pattern: string, name: string): Span[] | null {
  const wanted = pattern.toLowerCase();
  const text = name.toLowerCase();
  // Lower case of some letters is longer: positions would not be those of the name.
  const folded = text.length === name.length ? text : name;
  return align(wanted.length, folded.length, {
    isStar: (index) => wanted[index] === "*",
    fits: (index, at) => wanted[index] === "?" || wanted[index] === folded[at],
  });
}

/** Last name without its stream: `a.txt:note` is in the file `a.txt`. */
function withoutStream(parts: readonly string[]): readonly string[] {
  const last = parts.at(-1) ?? "";
  const at = last.indexOf(":");
  return at <= 0 ? parts : [...parts.slice(0, -1), last.slice(0, at)];
}

/** Aligns a pattern with a text; a star first takes as little as it can, and only the last one is tried again. */
function align(patternLength: number, length: number, how: {
  readonly isStar: (index: number) => boolean;
  readonly fits: (index: number, at: number) => boolean;
}): Span[] | null {
  const spans: Span[] = [];
  let index = 0;
  let at = 0;
  let star = -1;
  let mark = 0;
  while (at < length) {
    if (index < patternLength && how.isStar(index)) {
      star = index;
      mark = at;
      spans[index++] = [at, at];
    } else if (index < patternLength && how.fits(index, at)) {
      spans[index++] = [at, ++at];
    } else if (star >= 0) {
      spans[star] = [spans[star]![0], ++mark];
      index = star + 1;
      at = mark;
    } else {
      return null;
    }
  }
  while (index < patternLength && how.isStar(index)) spans[index++] = [at, at];
  return index === patternLength ? spans : null;
}
