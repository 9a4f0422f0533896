/** Related requests work on the file that was opened before, also when one of them has closed it. */
import { scenario } from "smbench";
import { ANY_FILE, nameless, remove } from "./_compound.ts";

export default scenario({ name: "smb2.compound.related2" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound();
  chain.open("compound-related2.dat", ANY_FILE);
  chain.close(nameless("SUCCESS"));
  for (let i = 0; i < 3; i++) chain.close(nameless("FILE_CLOSED"));
  await chain.send();
  await remove(tree, "compound-related2.dat");
});
