/** Where the CREATE fails, all related requests fail with its status. */
import { scenario } from "smbench";
import { DACL, EMPTY_DESCRIPTOR } from "./_compound.ts";

const expect = "OBJECT_NAME_NOT_FOUND";

export default scenario({ name: "smb2.compound.related8" }, async ({ client }) => {
  const chain = (await client("alice")).compound();
  chain.open("compound-related8.dat.void", {
    access: ["READ_CONTROL", "WRITE_DAC", "WRITE_OWNER"],
    expect,
  });
  chain.changes({ recursive: true, expect });
  chain.close({ expect });
  chain.setInfo(EMPTY_DESCRIPTOR, { ...DACL, expect });
  await chain.send();
});
