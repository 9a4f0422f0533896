/**
 * What Samba 4.17 does not grant, as tshark reads it off the wire: persistent and resilient handles, application
 * instances, leases of directories. How the client goes on where they are granted is tested with scripted answers
 * (`runtime/client/recovery_test.ts`), for want of a server that does.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { StatusError } from "../../runtime/client/mod.ts";
import { dissect, malformedFrames, startCapture } from "../harness/tshark.ts";
import { create, login, OPEN_IF, samba } from "./client_support.ts";

/** Names of create contexts (MS-SMB2 2.2.13.2), which tshark writes as GUIDs. */
const APP_INSTANCE_ID = "6aa6bc45-a7ef-4af7-9008-fa462e144d74";
const APP_INSTANCE_VERSION = "b7d082b9-563b-4f07-a07b-524a8116a010";
const CREATE_GUID = "5d0c8e4b-6a0f-4f6e-9a35-1f1f0d8b7c21";
const APPLICATION = "0b7f4c1e-33d2-4a8e-8d55-92a1c6e0f713";
const PARENT = "13121110-1514-1716-1819-1a1b1c1d1e1f";

/** The requests that have a field, in order, and what tshark must read in each of them. */
const EXPECTED: Readonly<Record<string, readonly Readonly<Record<string, readonly string[]>>[]>> = {
  "smb2.app_instance.app_guid": [{
    "smb2.tag": [APP_INSTANCE_ID, APP_INSTANCE_VERSION, "DH2Q"],
    "smb2.app_instance.struct_size": ["20"],
    "smb2.app_instance.app_guid": [APPLICATION],
    "smb2.app_instance_version.struct_size": ["24"],
    "smb2.app_instance_version.version.high": ["4294967298"],
    "smb2.app_instance_version.version.low": ["7"],
  }],
  "smb2.dh2x.create_guid": [
    {
      "smb2.dh2x.timeout": ["45000"],
      "smb2.dh2x.flags": ["0x00000002"],
      "smb2.dh2x.create_guid": [CREATE_GUID],
    },
    {
      "smb2.tag": ["DH2C"],
      "smb2.dh2x.flags": ["0x00000002"],
      "smb2.dh2x.create_guid": [CREATE_GUID],
    },
  ],
  "smb2.ioctl.resiliency.timeout": [{
    "smb2.ioctl.function": ["0x001401d4"],
    "smb2.ioctl.resiliency.timeout": ["5000"],
    "smb2.ioctl.resiliency.reserved": ["0"],
  }],
  "smb2.lease.lease_key": [
    {
      "smb2.filename": ["folder"],
      "smb2.lease.lease_key": [PARENT],
      "smb2.lease.lease_state": ["0x00000003"],
      "smb2.lease.lease_state.parent_lease_key_set": ["1"],
      "smb2.lease.parent_lease_key": ["43424140-4544-4746-4849-4a4b4c4d4e4f"],
      "smb2.lease.lease_oplock": ["0x1234"],
    },
    {
      "smb2.filename": ["folder\\child"],
      "smb2.lease.lease_key": ["73727170-7574-7776-7879-7a7b7c7d7e7f"],
      "smb2.lease.lease_state": ["0x00000007"],
      "smb2.lease.lease_state.parent_lease_key_set": ["1"],
      "smb2.lease.parent_lease_key": [PARENT],
      "smb2.lease.lease_oplock": ["0x0000"],
    },
  ],
};

const DIRECTORY = { desiredAccess: 0x00120089, createOptions: 0x01, createDisposition: OPEN_IF };
const BATCH = 0x09;
const RWH = 0x07;
const RH = 0x03;

/** 16 bytes that count up; tshark writes a lease key as a GUID. */
function key(first: number): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => first + i);
}

samba("tshark reads what this server does not grant as it was meant", {
  also: ["tshark", "tcpdump"],
}, async (smbd) => {
  await using capture = await startCapture({ port: smbd.port });
  await using client = await login(smbd);
  const { tree } = client;
  const file = await create(tree, "persistent", {
    requestedOplockLevel: BATCH,
    durable: { persistent: true, timeout: 45_000, createGuid: CREATE_GUID },
    contexts: [
      { kind: "AppInstanceId", reserved: 0, appInstanceId: APPLICATION },
      { kind: "AppInstanceVersion", high: 0x1_0000_0002n, low: 7n },
    ],
  });
  // Durable, as the share is not continuously available.
  assertEquals(file.durability, "durable2");
  await assertRejects(() => file.resilient(5000), StatusError);
  const directory = await tree.create("folder", {
    ...DIRECTORY,
    lease: { key: key(0x10), state: RH, parentKey: key(0x40), epoch: 0x1234 },
  });
  assertEquals(directory.leaseState, 0);
  const child = await create(tree, "folder\\child", {
    lease: { key: key(0x70), state: RWH, parentKey: key(0x10) },
  });
  assertEquals([child.leaseState, child.parentLeaseKey], [RWH, key(0x10)]);
  const contexts = [
    { kind: "DH2C", fileId: file.fileId, createGuid: CREATE_GUID, flags: 0x02 },
  ] as const;
  await assertRejects(() => tree.create("persistent", { contexts }), StatusError);
  const pcap = await capture.stop();

  const options = { port: smbd.port, filter: `tcp.dstport == ${smbd.port}` };
  assertEquals(await malformedFrames(pcap, options), []);
  const fields = Object.values(EXPECTED).flatMap((rows) => rows.flatMap(Object.keys));
  const frames = await dissect(pcap, { ...options, fields: [...new Set(fields)] });
  for (const [field, rows] of Object.entries(EXPECTED)) {
    const found = frames.filter((frame) => frame.values(field).length > 0);
    assertEquals(found.length, rows.length, field);
    for (const [i, row] of rows.entries()) {
      for (const [name, values] of Object.entries(row)) {
        assertEquals(found[i]?.values(name), values, `${field}: ${name}`);
      }
    }
  }
});
