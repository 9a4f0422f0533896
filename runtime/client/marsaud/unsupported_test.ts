import { assertEquals } from "@std/assert";
import { COMMAND_NAMES, type CommandName, type CreateRequest } from "../../wire/mod.ts";
import {
  differencesWithMarsaud,
  leftOutByMarsaud,
  type OperationDescription,
  unsupportedByMarsaud,
  unsupportedWorkload,
  type WorkloadStep,
} from "./mod.ts";
import { chooseCreate } from "./unsupported.ts";

Deno.test("Of the 19 commands, the package sends nine, leaves two out and refuses eight", () => {
  const verdict = (command: CommandName) =>
    leftOutByMarsaud(command) !== null
      ? "left out"
      : unsupportedByMarsaud({ command }) === null
      ? "sent"
      : "refused";
  assertEquals(Object.fromEntries(COMMAND_NAMES.map((name) => [name, verdict(name)])), {
    NEGOTIATE: "sent",
    SESSION_SETUP: "sent",
    LOGOFF: "left out",
    TREE_CONNECT: "sent",
    TREE_DISCONNECT: "left out",
    CREATE: "sent",
    CLOSE: "sent",
    FLUSH: "refused",
    READ: "sent",
    WRITE: "sent",
    LOCK: "refused",
    IOCTL: "refused",
    CANCEL: "refused",
    ECHO: "refused",
    QUERY_DIRECTORY: "sent",
    CHANGE_NOTIFY: "refused",
    QUERY_INFO: "refused",
    SET_INFO: "sent",
    OPLOCK_BREAK: "refused",
  });
});

const REFUSED: readonly [OperationDescription, string][] = [
  [{ command: "READ", compound: true }, "it has no compounds"],
  [{ command: "READ", cancelled: true }, "it has no CANCEL"],
  [{ command: "READ", channelSequence: 1 }, "it has no channel sequence"],
  [{ command: "READ", flags: 0x08 }, "it does not sign"],
  [{ command: "CREATE", flags: 0x10000000 }, "it has no header flags (0x10000000)"],
  [{ command: "NEGOTIATE", smb1: true }, "it does not begin with SMB1"],
  [
    { command: "NEGOTIATE", body: { dialects: [0x0202, 0x0210, 0x0311] } },
    "it offers the dialects 2.0.2 and 2.1, and not 2.0.2, 2.1, 3.1.1",
  ],
  [
    { command: "NEGOTIATE", body: { dialects: [0x0202] } },
    "it offers the dialects 2.0.2 and 2.1, and not 2.0.2",
  ],
  [{ command: "NEGOTIATE", body: { securityMode: 3 } }, "it does not sign"],
  [{ command: "NEGOTIATE", body: { capabilities: 2 } }, "it has no capabilities (0x2)"],
  [
    { command: "NEGOTIATE", body: { contexts: [{ kind: "netname", netName: "x" }] } },
    "it has no negotiate contexts",
  ],
  [{ command: "SESSION_SETUP", body: { securityMode: 2 } }, "it does not sign"],
  [
    { command: "SESSION_SETUP", body: { flags: 1 } },
    "it cannot bind a session to a second connection",
  ],
  [
    { command: "SESSION_SETUP", body: { previousSessionId: 7n } },
    "it cannot replace a previous session",
  ],
  [{ command: "TREE_CONNECT", body: { flags: 1 } }, "it has no flags of TREE_CONNECT"],
  [{ command: "CLOSE", body: { flags: 1 } }, "it cannot ask for attributes with a CLOSE"],
  [{ command: "READ", body: { flags: 1 } }, "it has no flags of READ"],
  [{ command: "READ", body: { minimumCount: 1 } }, "it has no minimum count"],
  [
    { command: "READ", body: { channel: 1 } },
    "it has no RDMA channels and no remaining bytes",
  ],
  [{ command: "WRITE", body: { flags: 1 } }, "it has no flags of WRITE"],
  [
    { command: "SET_INFO", body: { infoType: 3 } },
    "it cannot set security descriptors",
  ],
  [{ command: "SET_INFO", body: { infoType: 2 } }, "it sets information of files alone"],
  [
    { command: "SET_INFO", body: { fileInfoClass: 64 } },
    "it cannot set the information class 64",
  ],
  [
    { command: "SET_INFO", body: { fileInfoClass: 15, input: new Uint8Array(65536) } },
    "its requests have no room for 65536 bytes",
  ],
  [
    { command: "QUERY_DIRECTORY", body: { fileInformationClass: 3 } },
    "it lists with FileIdBothDirectoryInformation (37), and not with class 3",
  ],
  [
    { command: "QUERY_DIRECTORY", body: { pattern: "*.txt" } },
    'it lists everything, and not "*.txt"',
  ],
  [{ command: "QUERY_DIRECTORY", body: { flags: 2 } }, "it has no flags of QUERY_DIRECTORY"],
  [
    { command: "QUERY_DIRECTORY", body: { outputBufferLength: 4096 } },
    "it asks for 65536 bytes of entries, and not for 4096",
  ],
];

for (const [operation, reason] of REFUSED) {
  Deno.test(`A ${operation.command} is refused because ${reason}`, () => {
    assertEquals(unsupportedByMarsaud(operation), reason);
  });
}

const CREATES: readonly [string, Partial<CreateRequest>, string][] = [
  ["opens an existing file", { desiredAccess: 0x00120089 }, "open"],
  ["opens with any access", { desiredAccess: 0x02000000 }, "open"],
  ["opens a directory", { createOptions: 0x01 }, "open"],
  ["opens with hints", { createOptions: 0x0824 }, "open"],
  ["shares less", { shareAccess: 1, desiredAccess: 0x00120089 }, "create"],
  ["makes a file", { createDisposition: 2, fileAttributes: 0x80 }, "create"],
  ["overwrites", { createDisposition: 5, desiredAccess: 0x0012019f }, "create"],
  ["makes a directory", { createDisposition: 2, createOptions: 1 }, "create_folder"],
  ["asks for an oplock", { requestedOplockLevel: 9 }, "it has neither oplocks nor leases"],
  [
    "has create contexts",
    { contexts: [{ kind: "MxAc" }, { kind: "QFid" }] },
    "it has no create contexts (MxAc,QFid)",
  ],
  [
    "impersonates less",
    { impersonationLevel: 1 },
    "it has no impersonation level but impersonation",
  ],
  ["supersedes", { createDisposition: 0 }, "it cannot supersede a file"],
  ["shares nothing", { shareAccess: 0 }, "it cannot open a file without sharing it"],
  ["asks for no access", { desiredAccess: 0 }, "it cannot ask for no access at all"],
  [
    "deletes on close",
    { createOptions: 0x1000 },
    "it has no create options DELETE_ON_CLOSE",
  ],
  [
    "executes what it makes",
    { createDisposition: 3, desiredAccess: 0x001200a0 },
    "it creates files with the access 0x1701df, which lacks EXECUTE",
  ],
  ["makes a hidden file", { createDisposition: 2, fileAttributes: 2 }, "it sets no attributes"],
  [
    "opens or makes a directory",
    { createDisposition: 3, createOptions: 1 },
    "it makes directories only where there is nothing of that name",
  ],
  [
    "has a name that no request holds",
    { name: "x".repeat(40_000) },
    "its requests have no room for such a name",
  ],
];

for (const [what, body, expected] of CREATES) {
  Deno.test(`A CREATE that ${what}: ${expected}`, () => {
    const chosen = chooseCreate(body);
    assertEquals(typeof chosen === "string" ? chosen : chosen.message, expected);
    const refusal = typeof chosen === "string" ? expected : null;
    assertEquals(unsupportedByMarsaud({ command: "CREATE", body }), refusal);
  });
}

Deno.test("What the package does otherwise than asked is told", () => {
  assertEquals(
    differencesWithMarsaud({
      command: "CREATE",
      body: { desiredAccess: 0x00110080, createOptions: 0x00200040 },
    }),
    ["it opens files and directories alike", "it opens what a link points to"],
  );
  assertEquals(
    differencesWithMarsaud({
      command: "CREATE",
      body: { desiredAccess: 0x00120089, createDisposition: 2 },
    }),
    ["it asks for the access 0x1701df"],
  );
  assertEquals(differencesWithMarsaud({ command: "READ" }), []);
});

Deno.test("A plain workload passes, and every other operation is named with its reason", () => {
  const plain: WorkloadStep[] = [
    { op_id: "1", kind: "Open", mode: "ReadWrite", extensions: { create_disposition: "OpenIf" } },
    { op_id: "2", kind: "Read" },
    { op_id: "3", kind: "Write" },
    { op_id: "4", kind: "Close" },
    { op_id: "5", kind: "Mkdir" },
    { op_id: "6", kind: "Rename" },
    { op_id: "7", kind: "Delete" },
    { op_id: "8", kind: "Rmdir" },
    { op_id: "9", kind: "QueryDirectory", pattern: "*" },
    {
      op_id: "10",
      kind: "Open",
      extensions: {
        oplock_level: "None",
        create_options: { non_directory_file: true, delete_on_close: false },
        share_access: { read: true, write: true, delete: true },
      },
    },
  ];
  assertEquals(unsupportedWorkload(plain), []);
  const open = (extensions: NonNullable<WorkloadStep["extensions"]>): WorkloadStep => ({
    op_id: "1",
    kind: "Open",
    extensions,
  });
  const reasons = (steps: WorkloadStep[]) => unsupportedWorkload(steps).map((it) => it.reason);
  const lease = { read_caching: true, write_caching: false, handle_caching: false };
  assertEquals(
    reasons([
      open({ oplock_level: "Batch" }),
      open({ lease_state: lease }),
      open({ durable_handle: true }),
      open({ create_disposition: "Supersede" }),
      open({ create_disposition: 0 }),
      open({ share_access: { read: false } }),
      open({ create_options: { delete_on_close: true } }),
      open({ create_options: { unheard_of: true } }),
      { op_id: "1", kind: "QueryDirectory", pattern: "*.doc" },
      { op_id: "1", kind: "QueryDirectory", info_class: "FileNamesInformation" },
      { op_id: "1", kind: "Fsctl" },
      { op_id: "1", kind: "Unlock" },
      { op_id: "1", kind: "ChangeNotify" },
      { op_id: "1", kind: "Flush" },
      { op_id: "1", kind: "QueryInfo" },
    ]),
    [
      "it has neither oplocks nor leases",
      "it has neither oplocks nor leases",
      "it has no create contexts (DH2Q)",
      "it cannot supersede a file",
      "it cannot supersede a file",
      "it cannot open a file without sharing it",
      "it has no create options DELETE_ON_CLOSE",
      "it does not know its createOptions",
      'it lists everything, and not "*.doc"',
      "it lists with FileIdBothDirectoryInformation, and not with FileNamesInformation",
      "it has no FSCTLs or IOCTLs",
      "it has no byte-range locks",
      "it has no change notifications",
      "it has no such request",
      "it knows of a file only what CREATE and QUERY_DIRECTORY tell",
    ],
  );
});
