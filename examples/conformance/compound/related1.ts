/** Related requests may leave file, session and share to the one before them. */
import { scenario } from "smbench";
import { ANY_FILE, nameless, remove } from "./_compound.ts";

export default scenario({ name: "smb2.compound.related1" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound();
  chain.open("compound-related1.dat", ANY_FILE);
  chain.close(nameless("SUCCESS"));
  await chain.send();
  await remove(tree, "compound-related1.dat");
});
