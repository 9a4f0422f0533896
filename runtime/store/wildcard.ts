/**
 * Search patterns: the rules of MS-FSA 2.1.4.4, `*` and `?` and the DOS wildcards `<`, `>` and `"`.
 *
 * @module
 */

import { StoreError } from "./errors.ts";
import { MAX_PATTERN_LENGTH } from "./limits.ts";
import { foldName } from "./names.ts";

const WILDCARD = /[*?<>"]/;

/** A search pattern, prepared once and asked for many names. */
export class NamePattern {
  /** The pattern as it was given. */
  readonly text: string;
  /** The folded name that alone can match, where the pattern has no wildcard. */
  readonly literal: string | undefined;
  readonly #folded: string;
  readonly #matchesAll: boolean;

  /**
   * @param text The pattern; `*` for everything.
   * @throws {StoreError} `invalidName` when it is longer than any name could be.
   *
   * @example
   * ```ts
   * import { assert, assertFalse } from "@std/assert";
   *
   * const pattern = new NamePattern("<.txt");
   * assert(pattern.matches("a.b.TXT"));
   * assertFalse(pattern.matches("a.txt.bak"));
   * ```
   */
  constructor(text: string) {
    if (text.length > MAX_PATTERN_LENGTH) {
      throw new StoreError(
        "invalidName",
        `Cannot search for a pattern of ${text.length}: too long`,
      );
    }
    this.text = text;
    this.#folded = foldName(text);
    this.#matchesAll = text === "*" || text === "*.*";
    this.literal = WILDCARD.test(text) ? undefined : this.#folded;
  }

  /**
   * Whether a name matches, letters of either case being equal.
   *
   * @param name A name without wildcards.
   * @returns Whether it matches.
   */
  matches(name: string): boolean {
    if (this.#matchesAll) return name.length > 0;
    return this.matchesFolded(foldName(name));
  }

  /**
   * The same for a name that is folded already.
   *
   * @param name A folded name.
   * @returns Whether it matches.
   */
  matchesFolded(name: string): boolean {
    if (this.#matchesAll) return name.length > 0;
    if (this.literal !== undefined) return name === this.literal;
    return matchExpression(this.#folded, name);
  }
}

// All positions in the expression that the name read so far can have reached: no backtracking,
// so that a hostile pattern costs pattern times name and not more.
function matchExpression(expression: string, name: string): boolean {
  const end = expression.length;
  const lastDot = name.lastIndexOf(".");
  let here = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  here[0] = 1;
  for (let n = 0; n <= name.length; n++) {
    const atEnd = n === name.length;
    const char = name.charAt(n);
    next.fill(0);
    for (let p = 0; p < end; p++) {
      if (!here[p]) continue;
      const token = expression.charAt(p);
      switch (token) {
        case "*":
          here[p + 1] = 1;
          next[p] = 1;
          break;
        case "<":
          here[p + 1] = 1;
          if (char !== "." || n !== lastDot) next[p] = 1;
          break;
        case "?":
          next[p + 1] = 1;
          break;
        case ">":
          if (atEnd || char === ".") here[p + 1] = 1;
          else next[p + 1] = 1;
          break;
        case '"':
          if (atEnd) here[p + 1] = 1;
          else if (char === ".") next[p + 1] = 1;
          break;
        default:
          if (char === token) next[p + 1] = 1;
      }
    }
    if (atEnd) return here[end] === 1;
    [here, next] = [next, here];
  }
  return false;
}
