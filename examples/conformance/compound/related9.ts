/** The first request of a transmission has none before it to be related to. */
import { scenario } from "smbench";
import { DACL, EMPTY_DESCRIPTOR, related, remove } from "./_compound.ts";

const PATH = "compound-related9.dat";

export default scenario({ name: "smb2.compound.related9" }, async ({ client }) => {
  const { tree } = await client("alice");
  const file = await tree.open(PATH, {
    access: ["READ_CONTROL", "WRITE_DAC", "WRITE_OWNER"],
    disposition: "openIf",
  });

  const invalid = related("INVALID_PARAMETER");
  const chain = tree.compound();
  chain.changes({ recursive: true, ...invalid });
  chain.on(file).close(invalid);
  chain.on(file).setInfo(EMPTY_DESCRIPTOR, { ...DACL, ...invalid });
  await chain.send();

  await file.close();
  await remove(tree, PATH);
});
