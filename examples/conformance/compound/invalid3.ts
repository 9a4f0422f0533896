/** Requests that are related to one without a file have none, whatever was opened further up. */
import { scenario } from "smbench";
import { ANY_FILE, related, remove } from "./_compound.ts";

const PATH = "compound-invalid3.dat";

export default scenario({ name: "smb2.compound.invalid3" }, async ({ client }) => {
  const { tree } = await client("alice");
  const chain = tree.compound({ related: false });
  const opened = chain.open(PATH, ANY_FILE);
  for (let i = 0; i < 2; i++) chain.close({ expect: "FILE_CLOSED" });
  for (let i = 0; i < 2; i++) chain.close(related("FILE_CLOSED"));
  await chain.send();
  await (await opened).close();
  await remove(tree, PATH);
});
