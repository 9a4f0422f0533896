/** Opens by server and FileId, as far as they may still be named. */
import type { FileId } from "../runtime/wire/mod.ts";
import type { Opened } from "./exchange.ts";

/** Opens that are remembered: of more, those opened the longest ago are forgotten. */
const OPENS_KEPT = 65_536;

/** Of these, how many after their CLOSE: its use after that is soon, or never. */
const CLOSED_KEPT = 128;

/** Opens whose file ids have the same hash; more are made up to be slow. */
const SAME_HASH_KEPT = 64;

const FIRST_SIZE = 1024;

/** An open in its table. */
interface Entry {
  readonly open: Opened;
  readonly hash: number;
  /** The one before it with the same hash. */
  next: Entry | null;
}

/**
 * Opens by server and FileId, the latest of each session. A table of its own: a Map makes itself anew after every so many
 * entries that come and go, and all that it held is then kept until the next full collection of garbage.
 */
export class OpenTable {
  /** Lists of entries by hash, the latest first. */
  #slots: (Entry | null)[] = new Array(FIRST_SIZE).fill(null);
  #count = 0;
  #lost = 0;
  /** A ring. */
  readonly #closed: Entry[] = [];
  #nextClosed = 0;

  /** How many were forgotten before their CLOSE. */
  get lost(): number {
    return this.#lost;
  }

  /** A CREATE returned the id. Returns the open that had it before in that session. */
  open(open: Opened): Opened | null {
    if (this.#count >= OPENS_KEPT) this.#forgetOldest();
    if (this.#count >= 2 * this.#slots.length) this.#place(4 * this.#slots.length);
    const hash = hashOf(open.fileId);
    const slot = hash & (this.#slots.length - 1);
    const head: Entry = { open, hash, next: this.#slots[slot]! };
    this.#slots[slot] = head;
    this.#count++;
    let replaced: Opened | null = null;
    let kept = 1;
    for (let before = head; before.next !== null;) {
      const other = before.next.open;
      const again = matches(other, open.server, open.fileId) && other.sessionId === open.sessionId;
      if (again || kept === SAME_HASH_KEPT) {
        if (again) replaced = other;
        before.next = before.next.next;
        this.#count--;
      } else {
        before = before.next;
        kept++;
      }
    }
    return replaced;
  }

  /** The open of the session, else the latest of any session. */
  find(server: string, sessionId: bigint | null, id: FileId): Opened | undefined {
    let found: Opened | undefined;
    const slot = hashOf(id) & (this.#slots.length - 1);
    for (let entry = this.#slots[slot]!; entry !== null; entry = entry.next!) {
      const { open } = entry;
      if (!matches(open, server, id)) continue;
      if (open.sessionId === sessionId) return open;
      found ??= open;
    }
    return found;
  }

  /** A CLOSE succeeded. The open is remembered for a while. */
  close(open: Opened): void {
    const slot = hashOf(open.fileId) & (this.#slots.length - 1);
    let entry = this.#slots[slot]!;
    while (entry !== null && entry.open !== open) entry = entry.next!;
    if (entry === null) return;
    const oldest = this.#closed[this.#nextClosed];
    this.#closed[this.#nextClosed] = entry;
    this.#nextClosed = (this.#nextClosed + 1) % CLOSED_KEPT;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(forgotten: Entry): void {
    const slot = forgotten.hash & (this.#slots.length - 1);
    let before: Entry | null = null;
    for (let entry = this.#slots[slot]!; entry !== null; entry = entry.next!) {
      if (entry === forgotten) {
        if (before === null) this.#slots[slot] = entry.next;
        else before.next = entry.next;
        this.#count--;
        return;
      }
      before = entry;
    }
  }

  #forgetOldest(): void {
    const entries = this.#all();
    const closed = new Set(this.#closed);
    for (const entry of entries.slice(0, entries.length / 4)) {
      this.#forget(entry);
      if (!closed.has(entry)) this.#lost++;
    }
  }

  /** In the order of their opening. */
  #all(): Entry[] {
    const entries: Entry[] = [];
    for (const slot of this.#slots) {
      for (let entry = slot; entry !== null; entry = entry.next) entries.push(entry);
    }
    return entries.sort((one, other) => one.open.index - other.open.index);
  }

  /** Makes the table anew, with so many slots. */
  #place(size: number): void {
    const entries = this.#all();
    this.#slots = new Array(size).fill(null);
    for (const entry of entries) {
      const slot = entry.hash & (size - 1);
      entry.next = this.#slots[slot]!;
      this.#slots[slot] = entry;
    }
  }
}

/** The volatile half; arithmetic on bigints takes several times as long. */
const half = new BigUint64Array(1);
const words = new Uint32Array(half.buffer);

/** Of the volatile half: the other one tells little apart. */
function hashOf({ volatile }: FileId): number {
  half[0] = volatile;
  const mixed = Math.imul(words[0]! ^ words[1]!, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

function matches(open: Opened, server: string, id: FileId): boolean {
  return open.fileId.volatile === id.volatile && open.fileId.persistent === id.persistent &&
    open.server === server;
}
