/** Two enumerations in one transmission: the first finds everything, the second nothing more. */
import { scenario } from "smbench";
import { emptyDirectory, twice } from "./_directory.ts";

export default scenario({
  name: "smb2.compound_find.compound_find_related",
}, async ({ client }) => {
  const alice = await client("alice");
  await using directory = await emptyDirectory(alice, "compound-find-related");
  await twice(alice, directory, { related: true });
});
