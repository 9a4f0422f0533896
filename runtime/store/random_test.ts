import { assert, assertEquals } from "@std/assert";
import { Access, Share } from "./bits.ts";
import { StoreError } from "./errors.ts";
import type { FileOpen } from "./node.ts";
import { FileStore } from "./store.ts";

/**
 * The simplest thing that could be a file system: full upper-case path to directory mark or bytes.
 * Opens pin entries; the model allows what the store must allow and nothing else.
 */
type Model = Map<string, "directory" | number[]>;

const NAMES = ["a", "B", "c", "d"];

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function parentKey(path: string): string {
  const at = path.lastIndexOf("\\");
  return at < 0 ? "" : path.slice(0, at);
}

function isBelow(path: string, directory: string): boolean {
  return directory === "" ? path !== "" : path.startsWith(`${directory}\\`);
}

class Twin {
  readonly store = new FileStore({ now: 0n, maxNodes: 40 });
  readonly model: Model = new Map([["", "directory"]]);
  readonly #random: (below: number) => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  path(): string {
    const parts: string[] = [];
    const depth = 1 + this.#random(3);
    for (let i = 0; i < depth; i++) {
      const name = NAMES[this.#random(NAMES.length)] ?? "a";
      parts.push(this.#random(2) === 0 ? name.toUpperCase() : name.toLowerCase());
    }
    return parts.join("\\");
  }

  step(): void {
    const path = this.path();
    switch (this.#random(6)) {
      case 0:
        return this.#create(path, "directory");
      case 1:
        return this.#create(path, "file");
      case 2:
        return this.#write(path);
      case 3:
        return this.#remove(path);
      case 4:
        return this.#rename(path, this.path());
      default:
        return this.#list(path);
    }
  }

  #outcome(action: () => void): string {
    try {
      action();
      return "done";
    } catch (error) {
      assert(error instanceof StoreError, String(error));
      return error.code;
    }
  }

  #with(path: string, use: (open: FileOpen) => void): string {
    return this.#outcome(() => {
      const how = { access: Access.ALL, share: Share.ALL, disposition: "open", now: 1n } as const;
      const { open } = this.store.open({ ...how, path });
      try {
        use(open);
      } finally {
        this.store.close(open, 1n);
      }
    });
  }

  #missing(path: string): string | undefined {
    const key = path.toUpperCase();
    if (this.model.get(parentKey(key)) !== "directory") return "pathNotFound";
    return this.model.has(key) ? undefined : "notFound";
  }

  #create(path: string, kind: "directory" | "file"): void {
    const key = path.toUpperCase();
    let expected = "done";
    if (this.model.get(parentKey(key)) !== "directory") expected = "pathNotFound";
    else if (this.model.has(key)) expected = "exists";
    else if (this.model.size >= 40) expected = "noSpace";
    const got = this.#outcome(() => {
      const how = { access: Access.ALL, share: Share.ALL, disposition: "create", now: 1n } as const;
      this.store.close(this.store.open({ ...how, path, kind }).open, 1n);
    });
    assertEquals(got, expected, `create ${path}`);
    if (got === "done") this.model.set(key, kind === "directory" ? "directory" : []);
  }

  #write(path: string): void {
    const content = this.model.get(path.toUpperCase());
    const expected = this.#missing(path) ?? (content === "directory" ? "isDirectory" : "done");
    const offset = this.#random(50);
    const data = new Uint8Array(1 + this.#random(50)).fill(this.#random(256));
    const got = this.#with(path, (open) => this.store.write(open, offset, { data, now: 1n }));
    assertEquals(got, expected, `write ${path}`);
    if (got !== "done" || content === undefined || content === "directory") return;
    while (content.length < offset) content.push(0);
    content.splice(offset, data.length, ...data);
  }

  #remove(path: string): void {
    const key = path.toUpperCase();
    const full = [...this.model.keys()].some((other) => isBelow(other, key));
    const expected = this.#missing(path) ?? (full ? "notEmpty" : "done");
    const got = this.#with(path, (open) => this.store.setDeletePending(open, true));
    assertEquals(got, expected, `remove ${path}`);
    if (got === "done") this.model.delete(key);
  }

  #rename(path: string, to: string): void {
    const key = path.toUpperCase();
    const target = to.toUpperCase();
    const replace = this.#random(2) === 0;
    const got = this.#with(path, (open) => this.store.rename(open, { path: to, replace, now: 1n }));
    assertEquals(got, this.#renameOutcome(key, target, replace), `rename ${path} to ${to}`);
    if (got !== "done" || key === target) return;
    const moved = [...this.model].filter(([other]) => other === key || isBelow(other, key));
    for (const [other] of moved) this.model.delete(other);
    this.model.delete(target);
    for (const [other, value] of moved) this.model.set(target + other.slice(key.length), value);
  }

  #renameOutcome(key: string, target: string, replace: boolean): string {
    const missing = this.#missing(key);
    if (missing !== undefined) return missing;
    if (this.model.get(parentKey(target)) !== "directory") return "pathNotFound";
    const existing = this.model.get(target);
    if (existing !== undefined && target !== key && !replace) return "exists";
    if (this.model.get(key) === "directory" && isBelow(target, key)) return "invalidArgument";
    return existing === "directory" && target !== key ? "accessDenied" : "done";
  }

  #list(path: string): void {
    const key = path.toUpperCase();
    const kind = this.model.get(key);
    const found: string[] = [];
    const got = this.#with(path, (open) => {
      this.store.enumerate(open, { accept: ({ name }) => found.push(name.toUpperCase()) > 0 });
    });
    assertEquals(got, this.#missing(path) ?? (kind === "directory" ? "done" : "notDirectory"));
    if (got !== "done") return;
    const expected = [...this.model.keys()].filter((o) => o !== "" && parentKey(o) === key);
    assertEquals(found.slice(2), expected.map((o) => o.slice(key.length + 1)).sort());
  }

  check(): void {
    assertEquals(this.store.nodeCount, this.model.size);
    assertEquals(this.store.openCount, 0);
    for (const [path, value] of this.model) {
      const found = this.store.find(path);
      assert(found !== undefined, path);
      assertEquals(found.link.node.isDirectory, value === "directory");
      const bytes = found.stream?.content.read(0, 1000) ?? new Uint8Array();
      assertEquals([...bytes], value === "directory" ? [] : value);
    }
  }
}

Deno.test("random operations leave the store and a simple model with the same files", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const twin = new Twin(seed * 104_729);
    for (let step = 0; step < 400; step++) twin.step();
    twin.check();
  }
});
