/** What the scenarios on enumerations in compounds share. */
import { expect, type File, type User } from "smbench";

/** A new directory, which goes when it is closed. */
export async function emptyDirectory(user: User, path: string): Promise<File> {
  return await user.open(path, {
    access: "all",
    disposition: "create",
    options: ["directory", "deleteOnClose"],
  });
}

/** Two QUERY_DIRECTORY in one transmission. */
export async function twice(
  user: User,
  directory: File,
  options: { readonly related: boolean },
): Promise<void> {
  const query = { class: "FileBothDirectoryInformation", outputLength: 0x100 };
  const chain = user.compound(options);
  const first = chain.on(directory).queryDirectory(query);
  chain.on(directory).queryDirectory({ ...query, expect: "NO_MORE_FILES" });
  await chain.send();
  expect((await first).map(({ name }) => name)).toEqual([".", ".."]);
}
