/** Disconnecting the share closes durable handles too. */
import { scenario } from "smbench";
import { durableFile, NOT_FOUND, reclaim } from "./_durable.ts";

export default scenario({ name: "smb2.durable-open.reopen3" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-reopen3.dat");
  await alice.tree.disconnect();
  const tree = await alice.session.tree();
  await reclaim({ ...alice, tree }, file, NOT_FOUND);
  await using _gone = await tree.open(file.path, { access: "d", options: ["deleteOnClose"] });
});
