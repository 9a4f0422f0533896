/** A related request that fails does not stop those behind it: they work on the same file. */
import { scenario } from "smbench";
import { remove } from "./_compound.ts";

const PATH = "compound-related6.dat";

export default scenario({ name: "smb2.compound.related6" }, async ({ client }) => {
  const { tree } = await client("alice");
  const file = await tree.open(PATH, { access: "all", disposition: "openIf" });
  await file.write(0, new Uint8Array(64));

  const chain = tree.compound();
  chain.open(PATH, { access: ["FILE_READ_DATA"], disposition: "openIf" });
  chain.read(0, 1);
  chain.write(0, new Uint8Array(64), { expect: "ACCESS_DENIED" });
  chain.read(0, 1);
  chain.close();
  await chain.send();

  await file.close();
  await remove(tree, PATH);
});
