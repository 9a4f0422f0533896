/** A CREATE that says it is related, with no request before it, is invalid; what is related to it, too. */
import { scenario } from "smbench";
import { ANY_FILE, related } from "./_compound.ts";

export default scenario({ name: "smb2.compound.invalid1" }, async ({ client }) => {
  const chain = (await client("alice")).compound({ related: false });
  chain.open("compound-invalid1.dat", { ...ANY_FILE, ...related("INVALID_PARAMETER") });
  chain.close(related("INVALID_PARAMETER"));
  chain.close({ expect: "FILE_CLOSED" });
  await chain.send();
});
