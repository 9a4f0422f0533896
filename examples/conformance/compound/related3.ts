/** CREATE, IOCTL and CLOSE in one transmission. */
import { scenario } from "smbench";
import { ANY_FILE, OBJECT_ID, remove } from "./_compound.ts";

export default scenario({ name: "smb2.compound.related3" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound();
  chain.open("compound-related3.dat", ANY_FILE);
  chain.ioctl(OBJECT_ID, { maxOutput: 64 });
  chain.close();
  await chain.send();
  await remove(tree, "compound-related3.dat");
});
