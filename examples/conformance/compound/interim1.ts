/** The last request of a compound may go asynchronous, and can be cancelled then. */
import { expect, scenario } from "smbench";
import { remove } from "./_compound.ts";

const PATH = "compound-interim1";

export default scenario({ name: "smb2.compound.interim1" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound();
  const opened = chain.open(PATH, {
    access: "all",
    disposition: "create",
    options: ["directory"],
  });
  const watch = chain.changes({ recursive: true, filter: 0x03, expect: "CANCELLED" });
  const sent = chain.send();
  const directory = await opened;
  expect(await watch.pending).toBe(true);
  watch.cancel();
  await sent;

  await directory.close();
  await remove(tree, PATH);
});
