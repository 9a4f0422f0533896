/** Directories of users that have their own: made before they begin, over one connection, unmeasured. */
import { loginUser } from "./client.ts";
import { ClientState } from "./client_state.ts";
import { Run } from "./run.ts";
import type { UserParts } from "./user_scope.ts";

/** CREATEs in flight. */
const AT_ONCE = 32;

/**
 * Makes directories below the run's root, and the root where it is missing.
 *
 * @throws {StatusError} When the server refuses one.
 */
export async function makeFolders(parts: UserParts, names: readonly string[]): Promise<void> {
  const host = { ...parts.host, record: () => {}, broke: () => {} };
  const { root } = parts.options;
  const run = new Run(host, {
    ...parts.options,
    outsideRoot: true,
    commons: parts.commons,
    scenario: parts.scenario,
    strict: true,
  });
  const state = new ClientState(run, "smbench");
  try {
    const { tree } = await loginUser(state, {});
    const make = async (path: string) => {
      await using _directory = await tree.open(path, {
        access: ["FILE_READ_ATTRIBUTES", "SYNCHRONIZE"],
        disposition: "openIf",
        options: ["directory"],
      });
    };
    const above = root === "" ? [] : root.split("\\");
    for (let depth = 1; depth <= above.length; depth++) {
      await make(above.slice(0, depth).join("\\"));
    }
    for (let at = 0; at < names.length; at += AT_ONCE) {
      await Promise.all(
        names.slice(at, at + AT_ONCE).map((name) => make([...above, name].join("\\"))),
      );
    }
  } finally {
    await state.close();
  }
}
