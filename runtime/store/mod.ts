/**
 * An in-memory file system: paths and bytes in, bytes and events out. It keeps names, streams, attributes, times,
 * byte-range locks and sharing rules as MS-FSA describes them for a Windows file system. It knows nothing of
 * protocols, sessions, clocks or tasks: whoever calls it says what time it is and fetches the events.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const store = new FileStore({ now: 0n });
 * const how = { access: Access.ALL, share: 0, now: 1n } as const;
 * const { open } = store.open({ ...how, path: "a.txt", disposition: "create" });
 * const error = assertThrows(
 *   () => store.open({ ...how, path: "A.TXT", disposition: "open" }),
 *   StoreError,
 * );
 * assertEquals(error.code, "sharingViolation");
 * store.close(open, 2n);
 * ```
 *
 * @module
 */

export { Access, Attributes, ChangeFilter, Share } from "./bits.ts";
export { type AllocatedRange, PagedContent, SpaceBudget } from "./content.ts";
export type { DirectoryEntry, EnumerateOptions, EnumerateResult } from "./directory.ts";
export { StoreError, type StoreErrorCode } from "./errors.ts";
export type {
  ChangeAction,
  ChangeEvent,
  DeletePendingEvent,
  DirectoryGoneEvent,
  LockGrantedEvent,
  OverflowEvent,
  StoreEvent,
} from "./events.ts";
export * from "./limits.ts";
export { type LockRange, type LockRequest, type LockTicket, RangeLocks } from "./locks.ts";
export { foldName, type ParsedPath, parsePath, shortNameOf } from "./names.ts";
export type {
  DirectoryCursor,
  ExtendedAttribute,
  FileNode,
  FileOpen,
  Link,
  NodeTimes,
  Stream,
} from "./node.ts";
export { sharingConflicts, type SharingTerms } from "./sharing.ts";
export type {
  BasicChange,
  Disposition,
  Found,
  OpenAction,
  OpenRequest,
  RenameOptions,
  StoreOptions,
} from "./requests.ts";
export { allocationSize, impliedAccess } from "./rules.ts";
export { FileStore } from "./store.ts";
export { firstLink, pathOf } from "./tree.ts";
export { NamePattern } from "./wildcard.ts";
