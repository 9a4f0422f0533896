/** Where the first request has no file, the related ones have none either. */
import { scenario } from "smbench";
import { OBJECT_ID, related } from "./_compound.ts";

export default scenario({ name: "smb2.compound.related5" }, async ({ client }) => {
  const chain = (await client("alice")).compound({ related: false });
  chain.ioctl(OBJECT_ID, { expect: "FILE_CLOSED", maxOutput: 0 });
  chain.close(related("FILE_CLOSED"));
  await chain.send();
});
