/**
 * Alice caches a document for reading, writing and keeping it open (a lease RWH). When Bob opens it, the server asks
 * Alice to give up writing, and lets Bob in only after she has answered.
 *
 *     smbench run examples/lease_break.ts --target smb://host/share -U user
 */
import { expect, scenario } from "smbench";

export default scenario({ name: "lease break on second open" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");

  await using doc = await alice.open("report.docx", {
    access: "rwd",
    disposition: "openIf",
    options: ["deleteOnClose"],
    lease: "RWH",
  });
  expect(doc.granted).toBe("RWH");
  await doc.write(0, "quarterly figures");

  const broken = doc.leaseBreak();
  await using theirs = await bob.open("report.docx", { access: "r" });

  expect(await broken).toMatchObject({ from: "RWH", to: "RH", ackRequired: true });
  expect(doc.granted).toBe("RH");
  expect(new TextDecoder().decode(await theirs.read(0, 100))).toBe("quarterly figures");
});
