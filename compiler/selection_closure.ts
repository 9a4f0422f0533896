/**
 * What selected operations need so that they still work: the connection, login, tree connect and open of each, the rest
 * of its compound, a cancel and its target, opens that share a lease; and by path, who waited for whom, what became of
 * names, and who wrote what is read.
 */
import { fileNodeOf, LIVE_KEPT, nodeOf, type Place, Recent } from "./places.ts";
import type { CreateOperation, PlanOperation } from "./plan.ts";
import { Lengths } from "./selection_lengths.ts";
import {
  belongsToOpen,
  isDisposition,
  leaseOf,
  madeBy,
  Needs,
  ownerOf,
  PAST_KEPT,
  refsOf,
  requiredBy,
} from "./selection_nodes.ts";
import { PathStates } from "./selection_paths.ts";
import { Waits } from "./selection_waits.ts";

const FSCTL_SRV_REQUEST_RESUME_KEY = 0x00140078;

/** Learns from all operations, in order, what the selected ones need. */
export class Closure {
  readonly #graph = new Needs();
  readonly #waits = new Waits(this.#graph);
  readonly #paths = new PathStates(this.#graph);
  readonly #lengths = new Lengths(this.#graph);
  readonly #leases = new Recent<string, string>(LIVE_KEPT);
  /** Selected operations that a CANCEL may name: those that were pending are not pushed out by others. */
  readonly #selected = new Recent<number, true>(PAST_KEPT);
  readonly #selectedPending = new Recent<number, true>(PAST_KEPT);

  /** Takes the next operation. */
  see(operation: PlanOperation, { key, targetKey }: Place, selected: boolean): void {
    const refs = refsOf(operation);
    this.#require(operation, refs);
    if (key !== null) {
      const seen = { operation, key, targetKey, file: fileNodeOf(operation), refs, selected };
      this.#paths.see(seen);
      this.#lengths.see(seen);
      this.#waits.see(seen);
    }
    if (!selected) return;
    // Itself it is kept by its own attributes: that needs no memory.
    this.#graph.keep(refs.filter((node) => node !== `#${operation.id}`));
    if (operation.kind === "cancel") this.#graph.keep([`#${operation.target}`]);
    const pending = operation.frames.interim !== undefined || operation.answeredAt === null;
    (pending ? this.#selectedPending : this.#selected).set(operation.id, true);
  }

  /** All operations were seen. */
  finish(): void {
    this.#waits.finish();
  }

  /** How many names and single operations are kept. */
  get size(): number {
    return this.#graph.size;
  }

  /** Whether an operation that was not selected is needed by those that were. */
  keeps(operation: PlanOperation): boolean {
    const { chain } = operation;
    if (this.#graph.has(`#${operation.id}`)) return true;
    if (chain !== undefined && this.#graph.has(`%${chain.id}`)) return true;
    switch (operation.kind) {
      case "connect":
      case "disconnect":
        return this.#graph.has(nodeOf(operation, operation.connection));
      case "login":
      case "logoff":
        return this.#graph.has(nodeOf(operation, operation.session));
      case "tree":
      case "untree":
        return this.#graph.has(nodeOf(operation, operation.tree));
      case "create":
      case "close":
        return this.#graph.has(nodeOf(operation, operation.file));
      case "break":
        return operation.file !== null && this.#graph.has(nodeOf(operation, operation.file));
      case "lock":
        return this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      case "setInfo":
        return isDisposition(operation) &&
          this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      case "ioctl":
        // Whoever copies from the open names it by the key that this answers.
        return operation.code === FSCTL_SRV_REQUEST_RESUME_KEY && operation.file !== null &&
          this.#graph.has(`!${nodeOf(operation, operation.file)}`);
      default:
        return false;
    }
  }

  /** What the operation, and the name that it makes, need by themselves. */
  #require(operation: PlanOperation, refs: readonly string[]): void {
    const made = madeBy(operation);
    const needed = requiredBy(operation);
    if (made !== null) this.#graph.need(made, needed);
    // What goes with a name may be sent on another channel, or name what is not its own.
    const owner = ownerOf(operation);
    const names = operation.ids !== undefined || operation.via !== undefined;
    if (owner !== null && names) this.#graph.need(owner, needed);
    const { chain } = operation;
    if (chain !== undefined) {
      const compound = `%${chain.id}`;
      this.#graph.need(compound, made === null ? needed : [made]);
      if (operation.cancelled) this.#graph.need(compound, [`#${operation.id}`]);
      // Who keeps the open keeps what belongs to it, and with that the compound.
      const file = fileNodeOf(operation);
      if (file !== null && belongsToOpen(operation)) this.#graph.need(file, [compound]);
      this.#graph.past(compound);
    }
    if (operation.kind === "cancel") {
      const { target } = operation;
      const isSelected = this.#selected.has(target) || this.#selectedPending.has(target);
      if (isSelected) this.#graph.keep(refs);
      else this.#graph.need(`#${target}`, refs);
    }
    if (made === null) {
      this.#graph.need(`#${operation.id}`, refs.slice(1));
      this.#graph.past(`#${operation.id}`);
    }
    if (operation.kind === "create") {
      this.#lease(operation);
      if (operation.granted === null) this.#graph.past(made!);
    }
    // Kept for what it may be in the way of, a lock needs the CANCEL that ends its waiting.
    if (operation.kind === "lock" && operation.cancelled) {
      this.#graph.need(`!${fileNodeOf(operation)}`, [`#${operation.id}`]);
    }
    if (operation.kind === "close") this.#closed(operation);
  }

  /** Opens of one client under one lease key break together. */
  #lease(operation: CreateOperation): void {
    const lease = leaseOf(operation);
    const file = nodeOf(operation, operation.file);
    if (lease === undefined || operation.granted === null) return;
    const node = `~${nodeOf(operation, lease.key)}`;
    this.#leases.set(file, node);
    this.#graph.need(file, [node]);
    this.#graph.need(node, [file]);
  }

  #closed(operation: PlanOperation): void {
    const file = fileNodeOf(operation)!;
    const lease = operation.status === 0 ? this.#leases.get(file) : undefined;
    if (lease !== undefined) {
      this.#leases.delete(file);
      this.#graph.release(lease, file);
    }
    this.#graph.past(file);
  }
}
