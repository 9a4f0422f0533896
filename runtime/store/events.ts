/**
 * What the store tells: changes that watchers may want to hear of, and locks that were granted late.
 *
 * @module
 */

import { MAX_EVENTS } from "./limits.ts";
import type { LockTicket } from "./locks.ts";
import type { FileNode, FileOpen } from "./node.ts";

/** What happened to a name. */
export type ChangeAction =
  | "added"
  | "removed"
  | "modified"
  | "renamedOld"
  | "renamedNew"
  | "addedStream"
  | "removedStream"
  | "modifiedStream";

/** A change to an entry of a directory. */
export interface ChangeEvent {
  readonly kind: "change";
  /** What happened. */
  readonly action: ChangeAction;
  /** Which watchers want to know: bits of ChangeFilter. */
  readonly filter: number;
  /** Watchers that want any of these have heard of the change in another way. */
  readonly unless?: number;
  /** The directory that has or had the entry. */
  readonly directory: FileNode;
  /** Name of the entry, with `:stream` where a stream changed. */
  readonly name: string;
}

/** A waiting lock was granted. */
export interface LockGrantedEvent {
  readonly kind: "lockGranted";
  /** What `waitLock` returned. */
  readonly ticket: LockTicket;
}

/** A directory went away; what watches it can wait no longer. */
export interface DirectoryGoneEvent {
  readonly kind: "directoryGone";
  /** The directory. */
  readonly directory: FileNode;
}

/** A directory was marked for deletion through one of its opens. */
export interface DeletePendingEvent {
  readonly kind: "deletePending";
  /** The file or directory. */
  readonly node: FileNode;
  /** The open through which it was marked. */
  readonly open: FileOpen;
}

/** Changes were lost because nobody took the events. */
export interface OverflowEvent {
  readonly kind: "overflow";
}

/** Everything the store tells. */
export type StoreEvent =
  | ChangeEvent
  | LockGrantedEvent
  | DirectoryGoneEvent
  | DeletePendingEvent
  | OverflowEvent;

/** Events in order of happening, bounded: changes may be lost, granted locks never are. */
export class EventQueue {
  #events: StoreEvent[] = [];
  #changes = 0;
  #overflowed = false;

  /** @param event What to add. */
  push(event: StoreEvent): void {
    if (event.kind === "change") {
      if (this.#changes >= MAX_EVENTS) {
        if (!this.#overflowed) this.#events.push({ kind: "overflow" });
        this.#overflowed = true;
        return;
      }
      this.#changes++;
    }
    this.#events.push(event);
  }

  /**
   * Hands over the events and forgets them.
   *
   * @returns The events in order.
   */
  take(): StoreEvent[] {
    const events = this.#events;
    if (events.length === 0) return events;
    this.#events = [];
    this.#changes = 0;
    this.#overflowed = false;
    return events;
  }
}
