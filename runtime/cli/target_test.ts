import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "./command.ts";
import { parseTarget, parseUser, targetText } from "./target.ts";

Deno.test("targets have a host, a share, and may have port, directory and user", () => {
  assertEquals(parseTarget("smb://lab/share"), {
    hostname: "lab",
    port: 445,
    share: "share",
    root: "",
    user: null,
  });
  assertEquals(parseTarget("smb://bob@10.0.0.1:4450/my%20share/a/b/"), {
    hostname: "10.0.0.1",
    port: 4450,
    share: "my share",
    root: "a\\b",
    user: "bob",
  });
  assertEquals(parseTarget("smb://[fe80::1]:445/x").hostname, "fe80::1");
  assertEquals(parseTarget("SMB://lab/x").share, "x");
});

Deno.test("what is no target is refused, and a password in it is not repeated", () => {
  for (
    const text of [
      "lab/share",
      "smb://",
      "smb:///share",
      "smb://lab:port/x",
      "smb://a b@/x",
      "//lab/share",
    ]
  ) {
    assertThrows(() => parseTarget(text), UsageError, "as a target");
  }
  assertThrows(() => parseTarget("smb://lab:99999/x"), UsageError, "there is no port 99999");
  const secret = assertThrows(
    () => parseTarget("smb://u:hunter2@lab/x"),
    UsageError,
    "it has a password in it",
  );
  const odd = assertThrows(() => parseTarget("smb://u:hunter2@lab:x:y/x"), UsageError);
  for (const error of [secret, odd]) assertEquals(error.message.includes("hunter2"), false);
});

Deno.test("a target is written without the port that everybody uses", () => {
  assertEquals(targetText({ hostname: "lab", port: 445, share: "x" }), "smb://lab/x");
  assertEquals(targetText({ hostname: "::1", port: 4450, share: "x" }), "smb://[::1]:4450/x");
});

Deno.test("users may bring their domain along", () => {
  assertEquals(parseUser("alice", undefined), { user: "alice", domain: "" });
  assertEquals(parseUser("LAB\\alice", undefined), { user: "alice", domain: "LAB" });
  assertEquals(parseUser("LAB/alice", "OTHER"), { user: "alice", domain: "OTHER" });
  assertEquals(parseUser("alice@lab.example", undefined), {
    user: "alice@lab.example",
    domain: "",
  });
  assertThrows(
    () => parseUser("alice%hunter2", undefined),
    UsageError,
    "Cannot take a password from -U",
  );
});
