/** A request of an unknown command is answered as invalid, and does not harm the file of the one before. */
import { scenario } from "smbench";
import { ANY_FILE, remove } from "./_compound.ts";

const PATH = "compound-invalid4.dat";

export default scenario({ name: "smb2.compound.invalid4" }, async ({ client }) => {
  const { tree } = await client("alice");
  const file = await tree.open(PATH, ANY_FILE);

  const chain = tree.compound();
  chain.on(file).read(0, 1, { expect: "END_OF_FILE" });
  chain.flush({
    expect: "INVALID_PARAMETER",
    raw: { header: { command: 0xff }, body: new Uint8Array([4, 0, 0, 0]) },
  });
  await chain.send();

  await file.close();
  await remove(tree, PATH);
});
