import { assertEquals, assertRejects } from "@std/assert";
import { WireError } from "../wire/mod.ts";
import type { DfsReferral, Operation, Outcome, Tree } from "./api.ts";
import { ScriptError } from "./errors.ts";
import { resolveDfs } from "./shares.ts";

/** Asked path (lower case) -> target, and how much of the path it stands for. */
type Links = Readonly<Record<string, readonly [target: string, consumed: number]>>;

/** A share whose referrals are a table. */
function treeOf(links: Links, asked: string[] = []): Tree {
  const dfsReferral = (path: string) => {
    asked.push(path);
    const link = links[path.toLowerCase()];
    const referral: DfsReferral = {
      consumed: link?.[1] ?? 0,
      flags: 2,
      targets: link === undefined ? [] : [
        { version: 4, serverType: 0, flags: 0, timeToLive: 600, path, targets: [link[0]] },
      ],
    };
    const code = link === undefined ? 0xc0000225 : 0;
    const outcome = Promise.resolve({ code } as Outcome);
    return Object.assign(Promise.resolve(referral), { outcome }) as unknown as Operation<
      DfsReferral
    >;
  };
  return { dfsReferral } as unknown as Tree;
}

function resolve(path: string, links: Links, map: Record<string, string> = {}) {
  return resolveDfs(path, { tree: treeOf(links), server: "srv", share: "dfs", map });
}

Deno.test("a path without a link stays where it is", async () => {
  assertEquals(await resolve("a/b", {}), {
    unc: "\\\\srv\\dfs\\a\\b",
    share: "dfs",
    path: "a\\b",
    hops: 0,
  });
});

Deno.test("a link is replaced by its target, what follows stays", async () => {
  const links: Links = {
    "\\\\srv\\dfs\\link\\x\\y": ["\\other\\data\\deep", "\\srv\\dfs\\link".length],
  };
  assertEquals(await resolve("link\\x\\y", links), {
    unc: "\\\\other\\data\\deep\\x\\y",
    share: "data",
    path: "deep\\x\\y",
    hops: 1,
  });
});

Deno.test("the map names the share of the only server there is, whatever the case", async () => {
  const links: Links = {
    "\\\\srv\\dfs\\link": ["\\Other\\Data", "\\srv\\dfs\\link".length],
    "\\\\srv\\here\\": ["\\never\\asked", 1],
  };
  const place = await resolve("link", links, { "\\\\other\\data": "here" });
  assertEquals([place.share, place.path, place.unc], ["here", "", "\\\\Other\\Data"]);
});

Deno.test("links that lead to links are followed", async () => {
  const links: Links = {
    "\\\\srv\\dfs\\one\\f": ["\\srv\\dfs\\two", "\\srv\\dfs\\one".length],
    "\\\\srv\\dfs\\two\\f": ["\\srv\\end", "\\srv\\dfs\\two".length],
  };
  const place = await resolve("one\\f", links);
  assertEquals([place.unc, place.hops], ["\\\\srv\\end\\f", 2]);
});

Deno.test("a root that names itself is no link", async () => {
  const links: Links = { "\\\\srv\\dfs\\f": ["\\srv\\dfs", "\\srv\\dfs".length] };
  assertEquals((await resolve("f", links)).hops, 0);
});

Deno.test("a circle of links ends, and so does a referral for more than the path", async () => {
  const circle: Links = {
    "\\\\srv\\dfs\\a": ["\\srv\\dfs\\b", "\\srv\\dfs\\a".length],
    "\\\\srv\\dfs\\b": ["\\srv\\dfs\\a", "\\srv\\dfs\\b".length],
  };
  await assertRejects(() => resolve("a", circle), ScriptError, "more than 8");
  const lie: Links = { "\\\\srv\\dfs\\a": ["\\x\\y", 9999] };
  await assertRejects(() => resolve("a", lie), WireError, "9999");
});
