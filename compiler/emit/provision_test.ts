import { assertEquals, assertStringIncludes } from "@std/assert";
import type { PreEntry } from "../prestate.ts";
import { type ProvisionOptions, provisionText } from "./provision.ts";

function textOf(
  entries: readonly PreEntry[],
  options: Partial<ProvisionOptions> = {},
  after: readonly PreEntry[] = [],
) {
  return provisionText({ shares: [{ share: "my share", entries, after }], notes: [] }, {
    level: "full",
    module: "./x.data/provision.ts",
    ...options,
  });
}

const common = { opened: true, frame: 7 };

Deno.test("paths stand in the scenario, a line each, with the frame that told of them", () => {
  const { member, module, importLine } = textOf([
    { ...common, path: "docs", kind: "directory" },
    {
      ...common,
      path: "docs\\q1.xlsx",
      kind: "file",
      size: 65_536,
      attributes: 0x21,
      content: [{ offset: 0, length: 65_536, seed: 3 }],
    },
    { ...common, path: "docs\\~$q1.xlsx", kind: "absent", frame: 9 },
    { ...common, path: "empty", kind: "directory" },
  ]);
  assertEquals(member, [
    "  provision: {",
    '    "my share": {',
    '      "docs/q1.xlsx": { size: 65536, seed: "p3", attributes: ["readOnly"] }, // #7',
    '      "docs/~$q1.xlsx": null, // not there, #9',
    '      "empty/": {}, // #7',
    "    },",
    "  },",
  ]);
  assertEquals([module, importLine], [null, null]);
});

Deno.test("content in parts keeps where they are, and blobs where they begin", () => {
  const file: PreEntry = {
    ...common,
    path: "disk",
    kind: "file",
    size: 100_000,
    content: [
      { offset: 0, length: 4096, sha256: "ab12", from: 512 },
      { offset: 8192, length: 4096, sha256: "ab12" },
    ],
  };
  const { member, imports } = textOf([file], { blobPath: (hash) => `blobs/${hash}.bin` });
  assertStringIncludes(member.join("\n"), '[0, 4096, blob("blobs/ab12.bin"), 512],');
  assertStringIncludes(member.join("\n"), '[8192, 4096, blob("blobs/ab12.bin")],');
  assertEquals(imports, ["blob"]);
});

Deno.test("what cannot be provided is said behind what is made in its place", () => {
  const { member } = textOf([
    { ...common, path: "link", kind: "directory", attributes: 0x410 },
    { ...common, path: "secret", kind: "directory", denied: 11 },
    { ...common, path: "secret\\x.txt", kind: "file", denied: 12 },
  ]);
  assertEquals(member.slice(2, -2), [
    '      "link/": {}, // #7; a reparse point, made as a plain directory: where it leads is not told',
    '      "secret/": {}, // #7; ACCESS_DENIED in #11: to whom is not told',
    '      "secret/x.txt": {}, // #7; ACCESS_DENIED in #12: to whom is not told',
  ]);
});

Deno.test("many paths go to a module of their own", () => {
  const many = Array.from({ length: 500 }, (_, index): PreEntry => ({
    ...common,
    opened: index < 3,
    path: `d\\${index}`,
    kind: "file",
    size: index,
  }));
  const { member, module, importLine } = textOf(many);
  assertEquals(member, ["  provision,"]);
  assertEquals(importLine, 'import { provision } from "./x.data/provision.ts";');
  assertStringIncludes(module ?? "", '    "d/499": { size: 499 }, // #7\n');
  assertEquals(textOf(many, { level: "opened" }).member.length, 7);
  assertEquals(textOf(many, { level: "none" }).member, []);
});

Deno.test("nothing of a name in a capture gets out of its literal", () => {
  const { member } = textOf([
    { ...common, path: '"},});evil(`', kind: "absent" },
    { ...common, path: "__proto__", kind: "absent" },
    { ...common, path: "line\u2028break", kind: "absent" },
  ]);
  assertEquals(member.slice(2, 5), [
    '      "\\u0022},});evil(`": null, // not there, #7',
    '      ["__proto__"]: null, // not there, #7',
    '      "line\\u2028break": null, // not there, #7',
  ]);
});

Deno.test("what the capture left stands behind what was before", () => {
  const after: PreEntry[] = [
    { ...common, path: "gone", kind: "absent", frame: 90 },
    { ...common, path: "new", kind: "file", size: 12, frame: 91 },
  ];
  assertEquals(textOf([{ ...common, path: "gone", kind: "file", size: 1 }], {}, after).member, [
    "  provision: {",
    '    "my share": {',
    '      "gone": { size: 1 }, // #7',
    "    },",
    "  },",
    "  after: {",
    '    "my share": {',
    '      "gone": null, // not there, #90',
    '      "new": { size: 12 }, // #91',
    "    },",
    "  },",
  ]);
});
