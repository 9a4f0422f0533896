/** Unrelated requests know nothing of the file that was opened before them. */
import { scenario } from "smbench";
import { ANY_FILE, remove } from "./_compound.ts";

const PATH = "compound-unrelated1.dat";

export default scenario({ name: "smb2.compound.unrelated1" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound({ related: false });
  const opened = chain.open(PATH, ANY_FILE);
  for (let i = 0; i < 4; i++) chain.close({ expect: "FILE_CLOSED" });
  await chain.send();
  await (await opened).close();
  await remove(tree, PATH);
});
