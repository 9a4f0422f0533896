/**
 * Other names for what a capture or scenario names: servers, shares, users, domains, and paths by prefix or pattern. The
 * map is plain data, so that it goes to a worker as it is.
 */
import { z } from "zod";
import { matchName, matchNames, namesOf } from "./path_glob.ts";

/** One rule for paths. */
export interface PathRule {
  /** A folder or file, or a pattern with `*`, `?` and `**`. */
  readonly from: string;
  /** What stands for it; its wildcards take, in order, what those of `from` matched. */
  readonly to: string;
}

/** Names and what stands for them; case does not count. */
export interface NameMapping {
  readonly servers: Readonly<Record<string, string>>;
  readonly shares: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, string>>;
  readonly domains: Readonly<Record<string, string>>;
  /** The first one that matches counts. */
  readonly paths: readonly PathRule[];
}

/** Names that all stay. */
export const NO_NAMES: NameMapping = { servers: {}, shares: {}, users: {}, domains: {}, paths: [] };

const SEPARATOR = /[\\/]/;
const WILDCARD = /\*\*|[*?]/g;

const text = z.union([z.string(), z.number(), z.boolean()], { error: "a name is needed" })
  .transform(String);
const share = text.refine((name) => name !== "" && !SEPARATOR.test(name), {
  error: "a name without separator is needed",
});
const names = z.record(z.string(), share, { error: "names and what stands for them are needed" })
  .superRefine((given, context) => {
    for (const from of Object.keys(given)) {
      if (from !== "" && !SEPARATOR.test(from)) continue;
      const message = "a name without separator is needed before the colon, too";
      context.addIssue({ code: "custom", path: [from], message });
    }
  });

/** A mapping as a file has it: every section may be absent. */
export const nameMappingSchema = z.strictObject({
  servers: names.optional(),
  shares: names.optional(),
  users: names.optional(),
  domains: names.optional(),
  paths: z.record(z.string(), text, { error: "paths and what stands for them are needed" })
    .superRefine((paths, context) => {
      for (const [from, to] of Object.entries(paths)) {
        const problem = ruleProblem({ from, to });
        if (problem !== null) context.addIssue({ code: "custom", path: [from], message: problem });
      }
    }).optional(),
}).transform((file): NameMapping => ({
  servers: file.servers ?? {},
  shares: file.shares ?? {},
  users: file.users ?? {},
  domains: file.domains ?? {},
  paths: Object.entries(file.paths ?? {}).map(([from, to]) => ({ from, to })),
}));

function ruleProblem({ from, to }: PathRule): string | null {
  if (namesOf(from).length === 0) return "a path is needed, not the whole share (see --root)";
  const taken = wildcardsOf(from);
  const given = wildcardsOf(to);
  const wrong = given.find((wildcard, index) => wildcard !== taken[index]);
  return wrong === undefined
    ? null
    : `its wildcards must be those of ${JSON.stringify(from)}, in the same order`;
}

function wildcardsOf(pattern: string): string[] {
  return pattern.match(WILDCARD) ?? [];
}

/**
 * A mapping in use.
 *
 * @example
 * ```ts
 * const map = new NameMap({
 *   ...NO_NAMES,
 *   shares: { projects: "data" },
 *   paths: [{ from: "Users/*\/Desktop", to: "home/*\/desk" }],
 * });
 * if (map.share("PROJECTS") !== "data" || map.share("other") !== "other") throw new Error();
 * if (map.path("users\\Ann\\Desktop\\a.txt") !== "home\\Ann\\desk\\a.txt") throw new Error();
 * ```
 */
export class NameMap {
  readonly #servers: ReadonlyMap<string, string>;
  readonly #shares: ReadonlyMap<string, string>;
  readonly #users: ReadonlyMap<string, string>;
  readonly #domains: ReadonlyMap<string, string>;
  readonly #rules: readonly Rule[];

  constructor({ servers, shares, users, domains, paths }: NameMapping) {
    this.#servers = folded(servers);
    this.#shares = folded(shares);
    this.#users = folded(users);
    this.#domains = folded(domains);
    this.#rules = paths.map((rule) => new Rule(rule));
  }

  server(name: string): string {
    return this.#servers.get(name.toLowerCase()) ?? name;
  }

  share(name: string): string {
    return this.#shares.get(name.toLowerCase()) ?? name;
  }

  user(name: string): string {
    return this.#users.get(name.toLowerCase()) ?? name;
  }

  domain(name: string): string {
    return this.#domains.get(name.toLowerCase()) ?? name;
  }

  /** A path of a share, with `\` between its names. */
  path(path: string): string {
    for (const rule of this.#rules) {
      const mapped = rule.map(path);
      if (mapped !== null) return mapped;
    }
    return path;
  }
}

function folded(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(names).map(([from, to]) => [from.toLowerCase(), to]));
}

/** One path rule, ready to be used. */
class Rule {
  readonly #from: readonly string[];
  readonly #to: readonly string[];

  constructor({ from, to }: PathRule) {
    // What lies below a folder goes with it.
    this.#from = [...namesOf(from), "**"];
    this.#to = namesOf(to);
  }

  /** The other path; null when the rule does not match. */
  map(path: string): string | null {
    const parts = namesOf(path);
    return this.#map(parts) ?? this.#mapFileOfStream(parts);
  }

  #mapFileOfStream(parts: readonly string[]): string | null {
    const last = parts.at(-1) ?? "";
    const at = last.indexOf(":");
    if (at <= 0) return null;
    const file = this.#map([...parts.slice(0, -1), last.slice(0, at)]);
    return file === null ? null : file + last.slice(at);
  }

  #map(parts: readonly string[]): string | null {
    const spans = matchNames(this.#from, parts);
    if (spans === null) return null;
    const taken: string[] = [];
    for (const [index, pattern] of this.#from.slice(0, -1).entries()) {
      const [from, to] = spans[index]!;
      if (pattern === "**") {
        taken.push(parts.slice(from, to).join("\\"));
        continue;
      }
      const name = parts[from]!;
      for (const [place, [start, end]] of matchName(pattern, name)!.entries()) {
        if (pattern[place] === "*" || pattern[place] === "?") taken.push(name.slice(start, end));
      }
    }
    const target = this.#to.map((name) => name.replace(WILDCARD, () => taken.shift() ?? ""));
    const rest = parts.slice(...spans.at(-1)!);
    return [...target, ...rest].filter((name) => name !== "").join("\\");
  }
}
