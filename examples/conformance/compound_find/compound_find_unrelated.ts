/** Two enumerations in one transmission that both name the directory. */
import { scenario } from "smbench";
import { emptyDirectory, twice } from "./_directory.ts";

export default scenario({
  name: "smb2.compound_find.compound_find_unrelated",
}, async ({ client }) => {
  const alice = await client("alice");
  await using directory = await emptyDirectory(alice, "compound-find-unrelated");
  await twice(alice, directory, { related: false });
});
