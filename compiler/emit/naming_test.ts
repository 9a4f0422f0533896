import { assert, assertEquals, assertMatch } from "@std/assert";
import { seeded } from "../capture/_build.ts";
import { fingerprint, nameOf, nounOf, plural, roleOf, Scope, wordsOf } from "./naming.ts";
import type { VariableInfo } from "./step.ts";

function named(kind: VariableInfo["kind"], about: string, verb?: string): string {
  return nameOf({ kind, about, ...verb === undefined ? {} : { verb } });
}

Deno.test("files are named by their paths, shares by their names, sessions by their users", () => {
  const files = {
    "reports\\Q1 Report.xlsx": "q1Report",
    "docs\\Größe übersicht.txt": "grosseUbersicht",
    "docs\\日本語.txt": "file",
    "日本語 notes.txt": "notes",
    "": "root",
    "a\\2024 budget": "file2024Budget",
    "x\\HTTPServerLog.txt": "httpServerLog",
    "x\\.DS_Store": "dsStore",
    "x\\AFP_AfpInfo": "afpInfo",
    "x\\a very long name with many words in it.txt": "aVeryLongNameWith",
  };
  for (const [path, name] of Object.entries(files)) assertEquals(named("file", path), name, path);
  assertEquals(named("tree", "\\\\lab\\Projects$"), "projects");
  assertEquals(named("tree", "\\\\lab\\IPC$"), "ipc");
  assertEquals(named("tree", "\\\\lab\\共有"), "share");
  assertEquals(named("session", "LAB\\j.smith"), "labJSmith");
  assertEquals(named("session", ""), "session");
  assertEquals(named("connection", ""), "connection");
  assertEquals(named("pending", "reports\\Q1.xlsx", "read"), "readQ1");
  assertEquals(named("pending", "request", "echo"), "echoRequest");
  assertEquals(named("compound", "reports\\Q1.xlsx", "query"), "q1Chain");
});

Deno.test("a name is given once, in order, and is never a word of the language", () => {
  const scope = new Scope();
  const names = ["q1Report", "q1Report", "Q1REPORT", "file00", "file00", "class", "c", "data"].map(
    (wanted, i) => scope.declare(`f${i}`, wanted),
  );
  assertEquals(names, [
    "q1Report",
    "q1Report2",
    "Q1REPORT3",
    "file00",
    "file00_2",
    "classFile",
    "cFile",
    "dataFile",
  ]);
  assertEquals(scope.find("f1"), "q1Report2");
  assertEquals(scope.declare("t1", "public", "tree"), "publicShare");
  const inner = new Scope(scope);
  assertEquals(inner.declare("f9", "q1Report"), "q1Report4", "names around it are taken");
  assertEquals(inner.find("f1"), "q1Report2");
});

Deno.test("whatever a path has, names are plain, unlike each other, and no words of the language", () => {
  const random = seeded(11);
  const scope = new Scope();
  const taken = new Set<string>();
  const pieces = [
    "const",
    "await",
    "\u0430",
    "\u0131",
    "ſ",
    "\u202e",
    "K",
    "\u200d",
    "e\u0301",
    "\\",
  ];
  for (let run = 0; run < 3000; run++) {
    const path = Array.from(
      { length: random(6) },
      () =>
        random(2) === 0
          ? pieces[random(pieces.length)]!
          : String.fromCharCode(random(3) === 0 ? random(0x10000) : 32 + random(96)),
    ).join("");
    const kind = (["file", "tree", "session", "pending", "compound"] as const)[random(5)]!;
    const name = scope.declare(`f${run}`, named(kind, path, "read"), kind);
    assertMatch(name, /^[a-z][A-Za-z0-9_]{0,40}$/, JSON.stringify(path));
    assert(!taken.has(name.toLowerCase()), `${name} is given once`);
    taken.add(name.toLowerCase());
    assert(!["const", "await", "c", "p", "data", "hex", "let", "new"].includes(name));
  }
});

Deno.test("within what stands for many, a variable is called by what it is", () => {
  const infos: VariableInfo[] = [
    { kind: "file", about: "a\\b" },
    { kind: "tree", about: "\\\\s\\IPC$" },
    { kind: "tree", about: "\\\\s\\x" },
    { kind: "pending", about: "", verb: "read" },
  ];
  assertEquals(infos.map(roleOf), ["file", "ipc", "share", "read"]);
});

Deno.test("paths have a pattern, and a word for all of them", () => {
  const reports = ["Documents\\Q1_Report.docx", "Documents\\Plan_Report.docx"];
  assertEquals(fingerprint(reports), "Documents\\*_Report.docx");
  assertEquals(nounOf(reports), "report");
  assertEquals(fingerprint(["src\\file00.c", "src\\file01.c", "src\\file10.c"]), "src\\file*.c");
  assertEquals(nounOf(["src\\file00.c", "src\\file01.c"]), "file");
  assertEquals(fingerprint(["a", "b"]), "*");
  assertEquals(fingerprint(["ab", "abab"]), "ab*");
  assertEquals(nounOf(["x\\Annual budget of the year 2020.xls"]), "annual");
  assertEquals(nounOf(["a\\1", "a\\2"]), "file");
  assertEquals(["report", "box", "copy", "query", "day"].map(plural), [
    "reports",
    "boxes",
    "copies",
    "queries",
    "days",
  ]);
  assertEquals(
    wordsOf("x".repeat(5000)).join("").length,
    200,
    "long names are cut before they are read",
  );
});
