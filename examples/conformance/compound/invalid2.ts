/** An unrelated request must name its session; and what is related to one that did not is invalid. */
import { scenario } from "smbench";
import { ANY_FILE, nameless, remove } from "./_compound.ts";

export default scenario({ name: "smb2.compound.invalid2" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound();
  chain.open("compound-invalid2.dat", ANY_FILE);
  chain.close(nameless("SUCCESS"));
  for (let i = 0; i < 2; i++) chain.close(nameless("USER_SESSION_DELETED", { related: false }));
  chain.close(nameless("INVALID_PARAMETER"));
  await chain.send();
  await remove(tree, "compound-invalid2.dat");
});
