/** What scenarios provision: made before they start, compared where it is there, removed after them. */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { data, type Provision, replay, scenario, type User } from "smbench";
import { ProvisionError } from "../../runtime/script/mod.ts";
import { FileStore } from "../../runtime/store/mod.ts";
import { z } from "zod";
import { passed, play } from "./harness.ts";
import { options, Share } from "./share.ts";

const TREE: Provision = {
  share: {
    "docs/plan.docx": { size: "64k", seed: 3 },
    "docs/notes.txt": { data: "hello", attributes: ["readOnly", "hidden"] },
    "docs/deep/er/": {},
    "sparse.img": { size: "1m", parts: [[4096, 8192, "a"], ["64k", 10, 7, 5]] },
    "~$plan.docx": null,
  },
};

function reader(work: (alice: User) => Promise<void> = () => Promise.resolve()) {
  return scenario({ name: "reader", provision: TREE }, async ({ client }) => {
    await work(await client("alice"));
  });
}

Deno.test("what is provisioned is there when the scenario starts, and gone after it", async () => {
  const share = new Share();
  let seen: string[] = [];
  const played = await share.run(reader(async (alice) => {
    assertEquals(await alice.readFile("docs/plan.docx"), data("64k", 3));
    assertEquals(new TextDecoder().decode(await alice.readFile("docs/notes.txt")), "hello");
    assertEquals((await alice.stat("docs/notes.txt")).attributes & 3, 3);
    const image = await alice.readFile("sparse.img");
    assertEquals(image.length, 2 ** 20);
    assertEquals(image.subarray(4096, 12_288), data(8192, "a"));
    assertEquals(image.subarray(65_536, 65_546), data(15, 7).subarray(5));
    assertEquals(image.findIndex((byte) => byte !== 0), 4096);
    assert(!await alice.exists("~$plan.docx"));
    seen = (await alice.list("")).map(({ name }) => name).sort();
  }));
  passed(played);
  assertEquals(seen, ["docs", "sparse.img"]);
  assertEquals(played.notes.length, 1);
  assertEquals(
    played.notes[0]?.replace(/ in .*/, ""),
    "provisioned 3 files and 3 directories with 72 KiB of content",
  );
  assertEquals(await share.tree(), []);
});

Deno.test("what the scenario makes, renames and links is removed too; what was there stays", async () => {
  const share = new Share();
  await share.as(async (alice) => {
    await alice.mkdir("theirs");
    await alice.writeFile("theirs/a.txt", "mine");
    await alice.writeFile("report.doc", "mine too");
  });
  const played = await share.run(
    reader(async (alice) => {
      await alice.writeFile("theirs/b.txt", "new");
      await alice.mkdir("made");
      await alice.writeFile("made/c.txt", "new");
      await alice.rename("made", "moved");
      await alice.rename("report.doc", "theirs/report.doc");
      await alice.rename("docs/plan.docx", "plan.docx");
    }),
    options({ existing: true }),
  );
  passed(played);
  assertEquals(await share.tree(), ["theirs/", "theirs/a.txt 4", "theirs/report.doc 8"]);
});

Deno.test("a folder with files is refused, unless the user says otherwise", async () => {
  const share = new Share();
  await share.as((alice) => alice.writeFile("precious.txt", "mine"));
  const played = await share.run(reader());
  assertInstanceOf(played.error, ProvisionError);
  assertEquals(
    played.error.message,
    "Cannot provision share share: it is not empty; name an empty folder with --root, use what is there with --provision-existing, or run with --no-provision",
  );
  assertEquals(played.error.refused, false);
  passed(await share.run(reader(), options({ mode: "off" })));
  assertEquals(await share.tree(), ["precious.txt 4"]);
});

Deno.test("what is there already is compared and told, not changed", async () => {
  const share = new Share();
  await share.as(async (alice) => {
    await alice.mkdir("docs");
    await alice.writeFile("docs/plan.docx", data("64k", 4));
    await alice.writeFile("docs/notes.txt", "hello");
    await alice.writeFile("sparse.img", "short");
    await alice.writeFile("~$plan.docx", "");
  });
  const before = await share.tree();
  const played = await share.run(reader(), options({ existing: true }));
  passed(played);
  assertEquals(played.notes.filter((note) => !note.startsWith("provisioned")).sort(), [
    "docs\\notes.txt is there, and has other attributes",
    "docs\\plan.docx is there, and has other content",
    "sparse.img is there, and has 5 bytes, not 1048576",
    "~$plan.docx is there, and was not when the capture began",
  ]);
  assertEquals(await share.tree(), before);
});

Deno.test("what is kept, or could not be removed, the next run removes", async () => {
  const share = new Share();
  passed(
    await share.run(reader((alice) => alice.writeFile("made.txt", "x")), options({ keep: true })),
  );
  const kept = await share.tree();
  assertEquals(kept.filter((path) => !path.startsWith("docs/")), [
    ".smbench-provision.json 64",
    "made.txt 1",
    "sparse.img 1048576",
  ]);
  const again = await share.run(reader());
  passed(again);
  assertEquals(again.notes[0], "removed what an earlier run had left: 3 names");
  assertEquals(await share.tree(), []);
});

Deno.test("provisioning alone leaves everything there for other runs", async () => {
  const share = new Share();
  let ran = false;
  const only = reader(() => {
    ran = true;
    return Promise.resolve();
  });
  passed(await share.run(only, options({ mode: "only" })));
  assert(!ran);
  passed(
    await share.run(
      reader(async (alice) => {
        assertEquals((await alice.readFile("docs/plan.docx")).length, 65_536);
      }),
      options({ mode: "off" }),
    ),
  );
});

Deno.test("a scenario that fails, and one that is stopped, leave nothing", async () => {
  const share = new Share();
  const failed = await share.run(reader(async (alice) => {
    await alice.writeFile("half.txt", "done");
    throw new Error("no");
  }));
  assert(failed.failed);
  assertEquals(await share.tree(), []);
});

Deno.test("a replay's tree lies below its root, which is made and removed; the journal lies beside", async () => {
  const share = new Share();
  const seen: string[][] = [];
  const customer = replay({ source: "x.pcap", clients: { a: {} }, provision: TREE }, {
    async a(c, p) {
      const tree = await (await (await c.connect()).login()).tree(p.share("share"));
      const plan = await tree.open(p.path("docs\\plan.docx"), { access: "r" });
      assertEquals(plan.size, 65_536);
      await plan.close();
      await tree.open(p.path("made.txt"), { access: "rw", disposition: "create" });
      for (const path of ["", "runs", "runs\\17"]) {
        const folder = await tree.open(path);
        seen.push((await folder.queryDirectory({ flags: 1 })).map(({ name }) => name).sort());
      }
    },
  });
  const played = passed(await share.run(customer, { root: "runs\\17", outsideRoot: true }));
  assertEquals(played.operations.filter(({ matched }) => !matched), []);
  assertEquals(seen, [
    [".", "..", "runs"],
    [".", "..", "17", "17.smbench-provision.json"],
    [".", "..", "docs", "made.txt", "sparse.img"],
  ]);
  assertEquals(await share.tree(), []);
});

Deno.test("a parameter moves a folder of the capture, with what is provisioned in it", async () => {
  const share = new Share();
  const seen: string[] = [];
  const customer = replay({
    source: "x.pcap",
    clients: { a: {} },
    params: z.object({ docsFolder: z.string().default("docs") }),
    folders: { docsFolder: "docs" },
    provision: TREE,
  }, {
    async a(c, p) {
      const tree = await (await (await c.connect()).login()).tree(p.share("share"));
      for (const path of ["docs\\plan.docx", "sparse.img"]) {
        const file = await tree.open(p.path(path), { access: "r" });
        seen.push(`${file.path} ${file.size}`);
        await file.close();
      }
    },
  });
  passed(await share.run(customer, { params: { docsFolder: "lab/office" }, root: "r" }));
  passed(await share.run(customer));
  assertEquals(seen, [
    "r\\lab\\office\\plan.docx 65536",
    "r\\sparse.img 1048576",
    "docs\\plan.docx 65536",
    "sparse.img 1048576",
  ]);
  assertEquals(await share.tree(), []);
  const bad = { source: "x", clients: { a: {} }, folders: { other: "docs" } };
  assertThrows(() => replay(bad, { a() {} }), TypeError, 'folder "other": it is no parameter');
});

Deno.test("streams and extended attributes are made", async () => {
  const share = new Share();
  const provision: Provision = {
    "": {
      "a.doc": { size: 10, eas: { "user.one": "x", "user.two": 5 } },
      "a.doc:notes": { data: "in a stream" },
    },
  };
  passed(
    await share.run(scenario({ name: "streams", provision }, async ({ client }) => {
      const alice = await client("alice");
      assertEquals(new TextDecoder().decode(await alice.readFile("a.doc:notes")), "in a stream");
      await using file = await alice.open("a.doc");
      const { value } = await file.queryInfo({ class: "FileFullEaInformation" });
      const { attributes } = value as { attributes: { name: string; value: Uint8Array }[] };
      assertEquals(
        attributes.map(({ name, value }) => [name.toLowerCase(), value.length]),
        [["user.one", 1], ["user.two", 5]],
      );
    })),
  );
});

Deno.test("a read-only share serves when all is there; else what is missing is named", async () => {
  const store = new FileStore({ now: 0n });
  const serving = { shares: [{ name: "share", store, readOnly: true }] };
  const { error } = await play(reader(), { serving });
  assertInstanceOf(error, ProvisionError);
  assert(error.refused);
  assert(/^Cannot provision ".*" and 3 more: share share is read only /.test(error.message));
  const given = { serving: { shares: [{ name: "share", store }] } };
  const fill = options({ keep: true });
  passed(await play(reader(), { ...given, ...fill }));
  passed(await play(reader(), { serving }));
});

Deno.test("three thousand files are provisioned and removed in no time to speak of", async () => {
  const share = new Share();
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`big/${index}.dat`, { size: index }]),
  );
  let count = 0;
  const provision = { share: files };
  passed(
    await share.run(scenario({ name: "big", provision }, async ({ client }) => {
      count = (await (await client("alice")).list("big")).length;
    })),
  );
  assertEquals(count, 3000);
  assertEquals(await share.tree(), []);
});

Deno.test("what is no provision is refused where it is defined, with share and path", () => {
  const wrong: [unknown, string][] = [
    [[], "Cannot use provision: an object with paths as names is needed"],
    [{ s: { a: 5 } }, 'Cannot use provision of share "s", "a": an object is needed, or null'],
    [{ s: { "..\\x": {} } }, 'Cannot use provision of share "s", "..\\\\x": it is no path below'],
    [{ s: { "": {} } }, 'Cannot use provision of share "s", "": it is no path below a share'],
    [{ s: { a: { seed: 1 } } }, 'Cannot use provision of share "s", "a": a seed needs a size'],
    [{ s: { a: { sice: 1 } } }, 'Cannot use provision of share "s", "a": "sice" is none of'],
    [{ s: { a: { size: 1, seed: 1, data: "x" } } }, "only one of seed, data and parts"],
    [{ s: { a: { size: 1, parts: [[0, 5, 1]] } } }, "its content ends at 5, beyond its size"],
    [{ s: { a: { data: { path: "../x" }, size: 1 } } }, "it has no such content"],
    [{ s: { "d/": { size: 1 } } }, '"size" is none of attributes, modified, eas'],
  ];
  for (const [provision, message] of wrong) {
    const { message: actual } = assertThrows(
      () => scenario({ name: "x", provision: provision as Provision }, () => {}),
      TypeError,
    );
    assert(actual.includes(message), actual);
  }
});

/** What was wrong with the data that was read: command, path, offset. */
function wrongData(played: Awaited<ReturnType<typeof play>>): (string | number)[][] {
  return played.operations.flatMap(({ command, path, wrongData }) =>
    wrongData === undefined ? [] : [[command, path, wrongData]]
  );
}

Deno.test("with --verify, reads return what was provisioned and what was written", async () => {
  const share = new Share();
  const work = async (alice: User) => {
    await alice.readFile("docs/plan.docx");
    await alice.readFile("sparse.img");
    {
      await using file = await alice.open("docs/plan.docx", { access: "rwd" });
      await file.write(4096, data(8192, "new"));
      await file.read(0, 65_536);
      await file.truncate(6000);
      await file.truncate(20_000);
      await file.read(0, 65_536);
    }
    await alice.rename("docs", "moved");
    await using file = await alice.open("moved/plan.docx");
    await file.read(0, 65_536);
    await alice.writeFile("copy.docx", "x");
    await using copy = await alice.open("copy.docx", { access: "rw" });
    await file.ioctl("SRV_REQUEST_RESUME_KEY");
    await copy.copyChunk(file, [{ from: 0, to: 4096, length: 16_384 }]);
    await copy.read(0, 65_536);
    await Promise.all([copy.write(0, data(4096, 1)), copy.read(0, 4096), copy.write(0, "again")]);
    await copy.read(0, 4096);
  };
  const played = passed(await share.run(reader(work), { verify: true }));
  assertEquals(wrongData(played), []);
});

Deno.test("with --verify, data that somebody else changed is a difference", async () => {
  const share = new Share();
  const meddle = reader(async (alice) => {
    await alice.writeFile("mine.txt", data(10_000, 1));
    await share.as(async (other) => {
      await using plan = await other.open("docs/plan.docx", { access: "rw" });
      await plan.write(40_000, "!");
      await using mine = await other.open("mine.txt", { access: "rw" });
      await mine.write(9999, "!");
    });
    await alice.readFile("docs/plan.docx");
    await alice.readFile("mine.txt");
  });
  assertEquals(wrongData(passed(await share.run(meddle, { verify: true }))), [
    ["READ", "docs\\plan.docx", 36_864],
    ["READ", "mine.txt", 8192],
  ]);
  assertEquals(wrongData(passed(await share.run(meddle))), []);
});

Deno.test("what a server cannot have is told, and the run goes on without it", async () => {
  const share = new Share();
  const provision: Provision = {
    share: {
      [`${"x".repeat(300)}/file.txt`]: { size: 1 },
      "huge.bin": { size: Number.MAX_SAFE_INTEGER },
      "fine.txt": { size: 1 },
    },
  };
  let names: string[] = [];
  const played = passed(
    await share.run(scenario({ name: "limits", provision }, async ({ client }) => {
      names = (await (await client("alice")).list("")).map(({ name }) => name).sort();
    })),
  );
  assertEquals(names, ["fine.txt", "huge.bin"]);
  const told = played.notes.slice(0, -1).map((note) => note.replace(/x{300}/, "x...")).sort();
  assertEquals(told, [
    "the server has no room for 9007199254740991 bytes: huge.bin is without",
    "x... cannot be made: OBJECT_NAME_INVALID",
    "x...\\file.txt cannot be made: OBJECT_NAME_INVALID",
  ]);
});

Deno.test("what a replay leaves otherwise than the capture is told", async () => {
  const share = new Share();
  const options = {
    source: "x.pcap",
    clients: { a: {} },
    provision: { share: { "gone.txt": { size: 3 }, "stays.txt": { size: 3 } } },
    after: {
      share: {
        "gone.txt": null,
        "stays.txt": { size: 5 },
        "new.txt": { size: 4 },
        "any.txt": {},
        "dir/": {},
      },
    },
  };
  const customer = replay(options, {
    async a(c, p) {
      const tree = await (await (await c.connect()).login()).tree(p.share("share"));
      const made = { access: "rw", disposition: "openIf" } as const;
      const any = await tree.open(p.path("any.txt"), made);
      await any.write(0, "some bytes");
      await tree.open(p.path("dir"), made);
    },
  });
  const { notes } = passed(await share.run(customer, { root: "r" }));
  assertEquals(notes.slice(1).sort(), [
    "after the run, r\\dir is no directory, and was one",
    "after the run, r\\gone.txt is there, and was gone in the capture",
    "after the run, r\\new.txt is not there, and was in the capture",
    "after the run, r\\stays.txt has 3 bytes, not 5",
  ]);
  const cut = passed(await share.run(customer, { root: "r", to: 0.5 }));
  assertEquals(cut.notes.length, 1, "a part of a capture leaves something else");
});
