// Compiled by smbench 0.1.0 from "office.pcap": 95 operations of 5 clients in 0.674 s, from
// 2026-11-20T13:33:03.247Z.
// `c.at(second, frame)` waits until the recorded second, and labels what follows with its frame in
// the capture; the comment tells the frame of the answer and the recorded outcome. Edit freely.
import {
  type At,
  type Client,
  type ConnectOptions,
  data,
  type Label,
  type Moments,
  type OpenOptions,
  replay,
  type ReplayParams,
} from "smbench";
import { z } from "zod";

/** `smbench run --set name=value`; the pace is told by --speed, --causal and --max-idle. */
const params = z.object({
  alice: z.string().default("alice").describe("account of --users-csv"),
  bob: z.string().default("bob").describe("account of --users-csv"),
  officeFolder: z.string().default("office").describe("place of that folder"),
});

const offer: ConnectOptions = {
  capabilities: ["dfs", "leasing", "largeMtu"],
  ciphers: [],
};
const toDelete: OpenOptions = { access: "d", options: ["openReparsePoint"] };

export default replay({
  source: "office.pcap",
  params,
  users: { alice: "alice", bob: "bob" },
  folders: { officeFolder: "office" },
  clients: {
    alice: { user: "alice", address: "127.0.0.1" },
    alice2: { user: "alice", address: "127.0.0.1" },
    alice3: { user: "alice", address: "127.0.0.1" },
    bob: { user: "bob", address: "127.0.0.1" },
    bob2: { user: "bob", address: "127.0.0.1" },
  },
  provision: {
    share: {
      "office": null, // not there, #15
      "report.docx": null, // not there, #208
    },
  },
}, {
  // 127.0.0.1, ClientGuid ab1caa10-023c-40e8-b8ca-50c45a1817fa, 10 operations
  async alice(c, p) {
    await c.at(0, 4, { took: 0.0016 }); // #6 SUCCESS, 1.65 ms
    const connection = await c.connect(offer);
    await c.at(0.007854, 8, { took: 0.0085 }); // #11 SUCCESS, 8.55 ms
    const alice = await connection.login({ user: "alice" });
    await c.at(0.02267, 12, { took: 0.0019 }); // #13 SUCCESS, 1.86 ms
    const share = await alice.tree(p.share("share"));

    await c.at(0.028783, 14, { took: 0.0016 }); // #15 SUCCESS, created, 1.62 ms
    const office = await share.open(p.path("office"), {
      disposition: "create",
      options: ["directory"],
    });
    await c.at(0.032662, 16); // #17 SUCCESS, 0.11 ms
    await office.close();

    await c.at(0.14804, 159); // #160 SUCCESS, opened, 0.16 ms
    const office2 = await share.open(p.path("office"), toDelete);
    await c.at(0.148417, 162, { after: [145, 157] }); // #163 SUCCESS, 0.28 ms
    await office2.delete();
    await c.at(0.148844, 164); // #165 SUCCESS, 0.25 ms
    await office2.close();
    await c.at(0.149555, 166, { took: 0.0002 }); // #169 SUCCESS, 0.15 ms
    await alice.logoff();
    await c.at(0.15022, 170); // the connection ended
    connection.disconnect();
  },

  // 127.0.0.1, ClientGuid effbc842-5f9f-4529-beef-d541bb91310a, 34 operations
  async alice2(c, p) {
    // 0.036617 s, #21..#173, 1024 to 4096 bytes, 0.07 to 10.00 ms
    await work(
      c,
      p,
      "office\\user1",
      "office\\user1\\plan-0.docx",
      1,
      "L1",
      reads,
      "office\\user1\\plan-0.docx.tmp",
      2,
      21,
    );
  },

  // 127.0.0.1, ClientGuid 23453e75-fa8f-45e1-8681-cbbdef3ae47d, 34 operations
  async alice3(c, p) {
    // 0.0645 s, #34..#176, 1024 to 4096 bytes, 0.06 to 11 ms
    await work(
      c,
      p,
      "office\\user2",
      "office\\user2\\plan-0.docx",
      3,
      "L2",
      reads2,
      "office\\user2\\plan-0.docx.tmp",
      4,
      34,
    );
  },

  // 127.0.0.1, ClientGuid f454379b-8113-43cb-85ff-316f851a2957, 9 operations
  async bob(c, p) {
    await c.at(0.574758, 184, { took: 0.0023 }); // #186 SUCCESS, 2.26 ms
    const connection = await c.connect(offer);
    await c.at(0.58839, 188, { took: 0.0126 }); // #191 SUCCESS, 13 ms
    const bob = await connection.login({ user: "bob" });
    await c.at(0.606775, 192); // #193 SUCCESS, 1.55 ms
    const share = await bob.tree(p.share("share"));

    await c.at(0.644295, 207, { took: 0.0015 }); // #208 SUCCESS, created, lease RWH, 1.46 ms
    const report = await share.open(p.path("report.docx"), {
      access: "rwd",
      disposition: "openIf",
      options: ["deleteOnClose"],
      lease: { state: "RWH", key: "L3" },
    });
    await c.at(0.653378, 209, { took: 0.002 }); // #211 SUCCESS, pending #210, 1.96 ms
    await report.write(0, data(17, 5));
    // lease break #214, RWH to RH, acknowledged after 1.5 ms
    await report.leaseBreak({ label: 214, timeout: "5s" });
    await c.at(0.666, 226, { after: [224], took: 0.0003 }); // #227 SUCCESS, 0.34 ms
    await report.close();
    await c.at(0.666952, 228, { took: 0.0002 }); // #229 SUCCESS, 0.18 ms
    await bob.logoff();
    await c.at(0.66893, 232); // the connection ended
    connection.disconnect();
  },

  // 127.0.0.1, ClientGuid 4b525cf1-2f52-4159-9623-6e9c03598add, 8 operations
  async bob2(c, p) {
    await c.at(0.614146, 197, { took: 0.0052 }); // #199 SUCCESS, 5.18 ms
    const connection = await c.connect(offer);
    await c.at(0.624627, 201, { took: 0.0054 }); // #204 SUCCESS, 5.41 ms
    const bob = await connection.login({ user: "bob" });
    await c.at(0.632963, 205, { took: 0.0037 }); // #206 SUCCESS, 3.71 ms
    const share = await bob.tree(p.share("share"));

    // #218 SUCCESS, opened, pending #215, 3.15 ms
    await c.at(0.656556, 213, { after: [209], took: 0.0031 });
    const report = await share.open(p.path("report.docx"));
    await c.at(0.661894, 220, { took: 0.0021 }); // #222 SUCCESS, pending #221, 17 bytes, 2.09 ms
    await report.read(0, 100);
    await c.at(0.664935, 224, { took: 0.0002 }); // #225 SUCCESS, 0.16 ms
    await report.close();
    await c.at(0.667188, 230, { took: 0.0001 }); // #231 SUCCESS, 0.13 ms
    await bob.logoff();
    await c.at(0.67093, 235); // the connection ended
    connection.disconnect();
  },
});

// office\user*: 31 requests, from NEGOTIATE to DISCONNECT
async function work(
  c: Client,
  p: ReplayParams,
  path: string,
  path2: string,
  seed: number,
  key: string,
  rows: Moments,
  path3: string,
  seed2: number,
  frame: Label,
) {
  const moments = workTimes[frame]!;
  await c.at(...moments[0]!); // #21..#36 SUCCESS, 4.33 to 11 ms
  const connection = await c.connect(offer);
  await c.at(...moments[1]!); // #25..#42 SUCCESS, 4.32 to 10.00 ms
  const session = await connection.login({ user: "alice" });
  await c.at(...moments[2]!); // #29..#44 SUCCESS, 1.09 to 1.77 ms
  const share = await session.tree(p.share("share"));

  await c.at(...moments[3]!); // #45..#52 SUCCESS, created, 1.34 to 3.25 ms
  const file = await share.open(p.path(path), {
    disposition: "create",
    options: ["directory"],
  });
  await c.at(...moments[4]!); // #48..#55 SUCCESS, 0.12 to 3.21 ms
  await file.close();

  await c.at(...moments[5]!); // #50..#59 OBJECT_NAME_NOT_FOUND, 0.15 to 0.22 ms
  await share.open(p.path(path2), {
    access: ["FILE_READ_ATTRIBUTES", "SYNCHRONIZE"],
    expect: "OBJECT_NAME_NOT_FOUND",
  });
  await c.at(...moments[6]!); // #53..#64 SUCCESS, created, 0.50 to 3.81 ms
  const file2 = await share.open(p.path(path2), {
    access: "rw",
    disposition: "overwriteIf",
  });
  await c.at(...moments[7]!); // #57..#70 SUCCESS, 0.29 to 0.36 ms
  await file2.write(0, data(4096, seed));
  await c.at(...moments[8]!); // #61..#80 SUCCESS, 0.48 to 0.88 ms
  await file2.close();

  await c.at(...moments[9]!); // #65..#94 SUCCESS, opened, lease RH, 0.27 to 3.48 ms
  const file3 = await share.open(p.path(path2), {
    lease: { state: "RH", key },
  });
  await c.at(...moments[10]!); // #68..#97 SUCCESS, 4096 bytes, 0.10 to 0.11 ms
  await file3.read(0, 4096);

  // #71..#76 SUCCESS, 1024 bytes, 0.14 to 0.17 ms
  await c.overlapped(rows, (i) => file3.read(i * 1024, 1024));

  await c.at(...moments[11]!); // #79..#106 SUCCESS, created, 0.54 to 0.58 ms
  const file4 = await share.open(p.path(path3), {
    access: "rw",
    disposition: "overwriteIf",
  });
  await c.at(...moments[12]!); // #82..#108 SUCCESS, 0.22 ms
  await file4.write(0, data(4096, seed2));
  await c.at(...moments[13]!); // #85..#110 SUCCESS, 0.14 to 0.18 ms
  await file4.close();
  await c.at(...moments[14]!); // #87..#112 SUCCESS, 0.10 to 0.11 ms
  await file3.close();

  await c.at(...moments[15]!); // #89..#114 SUCCESS, opened, 0.17 to 0.19 ms
  const file5 = await share.open(p.path(path3), { access: "d" });
  await c.at(...moments[16]!); // #91..#116 SUCCESS, 0.38 to 0.45 ms
  await file5.rename(p.path(path2), { replace: true });
  await c.at(...moments[17]!); // #93..#118 SUCCESS, 0.07 to 0.09 ms
  await file5.close();

  await c.at(...moments[18]!); // #119..#130 SUCCESS, opened, 0.26 to 0.39 ms
  const file6 = await share.open(p.path(path), { options: ["directory"] });
  await c.at(...moments[19]!); // #121..#135 SUCCESS, 0.27 to 0.83 ms
  await file6.queryDirectory({ flags: ["restart"] });
  await c.at(...moments[20]!); // #123..#139 NO_MORE_FILES, 0.06 to 2.84 ms
  await file6.queryDirectory({ expect: "NO_MORE_FILES" });
  await c.at(...moments[21]!); // #125..#143 SUCCESS, 0.09 to 0.16 ms
  await file6.close();

  await c.at(...moments[22]!); // #127..#147 SUCCESS, opened, 0.17 to 0.31 ms
  const file7 = await share.open(p.path(path2), toDelete);
  await c.at(...moments[23]!); // #131..#149 SUCCESS, 0.13 to 0.16 ms
  await file7.delete();
  await c.at(...moments[24]!); // #133..#152 SUCCESS, 0.45 to 0.55 ms
  await file7.close();

  await c.at(...moments[25]!); // #138..#154 SUCCESS, opened, 0.15 ms
  const file8 = await share.open(p.path(path), toDelete);
  await c.at(...moments[26]!); // #141..#156 SUCCESS, 0.15 to 0.19 ms
  await file8.delete();
  await c.at(...moments[27]!); // #145..#158 SUCCESS, 0.27 to 1.19 ms
  await file8.close();
  await c.at(...moments[28]!); // #167..#172 SUCCESS, 1.02 to 1.11 ms
  await session.logoff();
  await c.at(...moments[29]!); // #173..#176 the connection ended
  connection.disconnect();
}

// deno-fmt-ignore
const workTimes: Record<Label, At[]> = {
  21: [[0.036617, 21, { took: 0.0043 }], [0.044933, 25, { took: 0.01 }], [0.062465, 29],
    [0.087674, 45, { after: [14] }], [0.089493, 48, { took: 0.0001 }],
    [0.090593, 50, { took: 0.0002 }], [0.091815, 53, { took: 0.0038 }],
    [0.096793, 57, { took: 0.0004 }], [0.097656, 61, { took: 0.0005 }],
    [0.098974, 65, { took: 0.0003 }], [0.100218, 68, { took: 0.0001 }],
    [0.101948, 79, { took: 0.0005 }], [0.104499, 82], [0.104983, 85], [0.1054, 87],
    [0.105863, 89, { took: 0.0002 }], [0.106691, 91, { took: 0.0004 }], [0.108209, 93],
    [0.129475, 119, { took: 0.0004 }], [0.131389, 121, { took: 0.0008 }],
    [0.133199, 123, { took: 0.0028 }], [0.136714, 125, { took: 0.0002 }],
    [0.138651, 127, { took: 0.0003 }], [0.139768, 131, { took: 0.0002 }],
    [0.142841, 133, { took: 0.0005 }], [0.14405, 138], [0.144574, 141],
    [0.145007, 145, { took: 0.0012 }], [0.149567, 167], [0.151034, 173, { took: 0.0171 }]],
  34: [[0.0645, 34, { took: 0.0112 }], [0.078093, 39, { took: 0.0043 }],
    [0.08458, 43, { took: 0.0018 }], [0.087699, 46, { after: [14], took: 0.0033 }],
    [0.092234, 54, { took: 0.0032 }], [0.096816, 58, { took: 0.0002 }],
    [0.097936, 62, { took: 0.0005 }], [0.100181, 67, { took: 0.0003 }],
    [0.101579, 78, { took: 0.0009 }], [0.104746, 84], [0.108682, 96, { took: 0.0001 }],
    [0.11239, 105, { took: 0.0006 }], [0.116346, 107], [0.116813, 109], [0.117219, 111],
    [0.117588, 113], [0.118026, 115], [0.118571, 117], [0.139225, 129, { took: 0.0003 }],
    [0.142871, 134, { took: 0.0003 }], [0.144015, 137, { took: 0.0001 }],
    [0.144591, 142, { took: 0.0001 }], [0.145277, 146], [0.14571, 148], [0.146131, 150],
    [0.146849, 153], [0.147206, 155], [0.147509, 157, { took: 0.0003 }],
    [0.149581, 168, { took: 0.0011 }], [0.155151, 176, { took: 0.0088 }]],
};

// deno-fmt-ignore
const reads: At[] = [
  [0.101113, 71], [0.101113, "71.2"], [0.101113, "71.3"], [0.101113, "71.4", { took: 0.0002 }],
];

// deno-fmt-ignore
const reads2: At[] = [
  [0.109372, 98], [0.109372, "98.2"], [0.109372, "98.3"], [0.109372, "98.4", { took: 0.0002 }],
];
