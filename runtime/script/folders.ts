/** Folders of a capture that parameters stand for: another value is another place of the target. */
import { namesOf } from "./path_glob.ts";
import { ParamsError } from "./params.ts";
import type { RunOptions } from "./host.ts";
import type { Definition } from "./scenario.ts";

/** Checks what a replay says of its folders. @throws {TypeError} When one is no folder, or has no parameter. */
export function checkedFolders(
  folders: Readonly<Record<string, string>> | undefined,
  params: Definition["params"],
): Readonly<Record<string, string>> {
  if (folders === undefined) return {};
  for (const [name, folder] of Object.entries(folders)) {
    if (params === null || !Object.hasOwn(params.shape, name)) {
      throw new TypeError(`Cannot define folder "${name}": it is no parameter`);
    }
    if (typeof folder !== "string" || namesOf(folder).length === 0 || /[*?]/.test(folder)) {
      throw new TypeError(`Cannot define folder "${name}": a path of the capture is needed`);
    }
  }
  return folders;
}

/** The run's options, with what the parameters say of folders before the other names for paths. */
export function withFolders<O extends RunOptions>(
  options: O,
  { folders }: Definition,
  values: Readonly<Record<string, unknown>>,
): O {
  const rules = Object.entries(folders).flatMap(([name, from]) => {
    const to = values[name];
    if (typeof to !== "string" || /[*?]/.test(to)) {
      throw new ParamsError(`Cannot set parameter "${name}": a path is needed`);
    }
    return to === from ? [] : [{ from, to }];
  });
  return rules.length === 0 ? options : { ...options, paths: [...rules, ...options.paths ?? []] };
}
