/** A compound whose CREATE has to wait for the break of an oplock is carried out when the break is acknowledged. */
import { expect, scenario } from "smbench";

export default scenario({ name: "smb2.compound.compound-break" }, async ({ client }) => {
  const alice = await client("alice");
  await using doc = await alice.open("compound-break.pptx", {
    access: [
      "SYNCHRONIZE",
      "READ_CONTROL",
      "FILE_READ_ATTRIBUTES",
      "FILE_READ_EA",
      "FILE_READ_DATA",
      "DELETE",
    ],
    disposition: "openIf",
    options: ["deleteOnClose"],
    oplock: "batch",
  });
  expect(doc.granted).toBe("batch");

  const chain = alice.compound();
  const second = chain.open(doc.path, {
    access: ["SYNCHRONIZE", "FILE_READ_ATTRIBUTES", "FILE_READ_EA"],
  });
  chain.queryInfo({ class: "FileStreamInformation", outputLength: 4096 });
  await chain.send();
  await (await second).close();
});
