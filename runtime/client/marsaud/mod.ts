/**
 * The second back end: plain file operations with the npm package `@marsaud/smb2`, an SMB client that shares no code with
 * this project's own, so that a server's answer to one can be held against its answer to the other.
 *
 * Its connection, its messages and its responses are the package's. What is put around it, and why:
 *
 * - **Login.** Its tokens need DES and the password; here they come from an `Authenticator`, asynchronously.
 * - **Socket.** It is given a `Transport` in place of its own socket, so that closing ends everything, a lost connection
 *   rejects what is outstanding (the package would wait for ever), and traces see its bytes.
 * - **Credits.** It does not count them; requests wait here until there is one.
 * - **Interim responses.** It takes STATUS_PENDING for a failure; they are kept from it.
 * - **Statuses.** It turns them into errors with a name; replies are decoded with the project's own codec instead.
 * - **Hostile servers.** Its parsers trust lengths; a response reaches them only after the codec took it.
 *
 * What it cannot do: dialects above 2.1, signing, encryption, oplocks, leases, locks, FSCTLs, change notifications,
 * compounds, queries of information, create contexts, cancels. `unsupportedByMarsaud` says so before anything is sent.
 *
 * @module
 */
export {
  type Backend,
  type BackendConnection,
  type BackendOpen,
  type BackendSession,
  type BackendTree,
  nativeBackend,
  UnsupportedError,
} from "../backend.ts";
export { marsaudBackend, MarsaudConnection, MarsaudSession } from "./connection.ts";
export { MarsaudOpen, MarsaudTree } from "./tree.ts";
export {
  differencesWithMarsaud,
  leftOutByMarsaud,
  type OperationDescription,
  unsupportedByMarsaud,
} from "./unsupported.ts";
export {
  unsupportedWorkload,
  type WorkloadExtensions,
  type WorkloadRefusal,
  type WorkloadStep,
} from "./workload.ts";
