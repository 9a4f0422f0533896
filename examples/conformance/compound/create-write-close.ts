/** A whole file in one transmission. */
import { expect, scenario } from "smbench";
import { ANY_FILE, remove } from "./_compound.ts";

const PATH = "compound-create-write-close.dat";

export default scenario({ name: "smb2.compound.create-write-close" }, async ({ client }) => {
  const alice = await client("alice");
  const chain = alice.compound();
  chain.open(PATH, ANY_FILE);
  const written = chain.write(0, new Uint8Array(1024));
  chain.close();
  await chain.send();
  expect(await written).toBe(1024);
  expect((await alice.stat(PATH)).size).toBe(1024);
  await remove(alice.tree, PATH);
});
