/** Users and folders of a capture that parameters stand for: another value is another account, or another place. */
import type { RunOptions } from "./host.ts";
import { ParamsError } from "./params.ts";
import { namesOf } from "./path_glob.ts";
import type { Definition } from "./scenario.ts";

/** By parameter: a user or folder of the capture. */
export type NamedParams = Readonly<Record<string, string>>;

/** Checks what a replay says of its users or folders. @throws {TypeError} When one is none, or has no parameter. */
export function checkedNames(
  kind: "user" | "folder",
  names: NamedParams | undefined,
  params: Definition["params"],
): NamedParams {
  for (const [name, captured] of Object.entries(names ?? {})) {
    if (params === null || !Object.hasOwn(params.shape, name)) {
      throw new TypeError(`Cannot define ${kind} "${name}": it is no parameter`);
    }
    const isOne = typeof captured === "string" &&
      (kind === "user" ? captured !== "" : namesOf(captured).length > 0 && !/[*?]/.test(captured));
    if (!isOne) {
      const what = kind === "user" ? "a user" : "a path";
      throw new TypeError(`Cannot define ${kind} "${name}": ${what} of the capture is needed`);
    }
  }
  return names ?? {};
}

/** The run's options, with what the parameters say of users, and of folders before the other names for paths. */
export function withNamed<O extends RunOptions>(
  options: O,
  { users, folders }: Definition,
  values: Readonly<Record<string, unknown>>,
): O {
  const valueOf = (name: string): string => {
    const value = values[name];
    if (typeof value === "string" && !/[*?]/.test(value)) return value;
    throw new ParamsError(`Cannot set parameter "${name}": a name is needed`);
  };
  const rules = Object.entries(folders).map(([name, from]) => ({ from, to: valueOf(name) }))
    .filter(({ from, to }) => to !== from);
  const named = Object.entries(users).map(([name, user]) =>
    [user.toLowerCase(), valueOf(name)] as const
  );
  return {
    ...options,
    ...rules.length === 0 ? {} : { paths: [...rules, ...options.paths ?? []] },
    ...named.length === 0 ? {} : { users: Object.fromEntries(named) },
  };
}
