/**
 * A request in the middle of a compound cannot go asynchronous. Windows 7 fails it with INTERNAL_ERROR, which is what
 * is checked here; Samba cancels it.
 */
import { scenario } from "smbench";

export default scenario({ name: "smb2.compound.interim2" }, async ({ client }) => {
  const chain = (await client("alice")).compound();
  chain.open("compound-interim2", {
    access: "all",
    disposition: "openIf",
    options: ["directory", "deleteOnClose"],
  });
  chain.changes({ recursive: true, filter: 0x03, expect: "INTERNAL_ERROR" });
  chain.queryInfo({ class: "FileBasicInformation" });
  await chain.send();
});
