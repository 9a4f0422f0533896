/** What a user asks of a server beyond one share: its list of shares, and where DFS paths lead. */
import { Status, WireError } from "../wire/mod.ts";
import type { DfsLocation, File, Session, ShareInfo, Tree } from "./api.ts";
import { ScriptError } from "./errors.ts";
import { bindRequest, RpcAnswer, shareEnumRequest } from "./shares_rpc.ts";

/** The pipe of the Server Service (MS-SRVS 2.1). */
const SRVSVC = "srvsvc";
const READ_LENGTH = 65536;
/** Answers of one list: a server that gives its shares one at a time is no server. */
const MAX_CALLS = 256;
/** Parts of one answer: fragments have some 4 KiB, and answers at most 4 MiB. */
const MAX_READS = 4096;
/** DFS links that lead to DFS links (MS-DFSC names no limit; a loop must end). */
const MAX_HOPS = 8;

/** Statuses that say: no DFS here, or no link at this path (MS-SMB2 3.3.5.15.2). */
const NO_REFERRAL = [
  "FS_DRIVER_REQUIRED",
  "NOT_FOUND",
  "OBJECT_NAME_NOT_FOUND",
  "OBJECT_PATH_NOT_FOUND",
  "PATH_NOT_COVERED",
  "NO_SUCH_DEVICE",
  "NOT_SUPPORTED",
  "INVALID_DEVICE_REQUEST",
  "BAD_NETWORK_NAME",
] as const;

/** Lists the shares of a server: connects to `IPC$`, opens the Server Service's pipe, binds and asks. */
export async function listShares(session: Session, server: string): Promise<ShareInfo[]> {
  const ipc = await session.tree("IPC$");
  try {
    await using pipe = await ipc.open(SRVSVC, { access: "rw", share: "rw" });
    let callId = 1;
    (await call(pipe, callId, bindRequest(callId))).checkBound();
    const shares: ShareInfo[] = [];
    let resumeHandle: number | null = 0;
    while (resumeHandle !== null) {
      if (++callId > MAX_CALLS) {
        throw new WireError("Cannot list shares: the list has no end", {
          field: "ResumeHandle",
          offset: 0,
        });
      }
      const request = shareEnumRequest(callId, { server: `\\\\${server}`, resumeHandle });
      const page = (await call(pipe, callId, request)).shares();
      shares.push(...page.shares);
      resumeHandle = page.resumeHandle;
    }
    return shares;
  } finally {
    await ipc.disconnect({ expect: "any" });
  }
}

/** One call: the answer's first part comes with the request, the others are read. */
async function call(pipe: File, callId: number, request: Uint8Array): Promise<RpcAnswer> {
  const answer = new RpcAnswer(callId);
  answer.push(await pipe.transceive(request, { expect: ["SUCCESS", "BUFFER_OVERFLOW"] }));
  for (let reads = 1; !answer.done; reads++) {
    const part = await pipe.read(0, READ_LENGTH, { expect: ["SUCCESS", "BUFFER_OVERFLOW"] });
    if (part.length === 0 || reads > MAX_READS) {
      throw new WireError("Cannot read the list of shares: the pipe gives no more of it", {
        field: "FragLength",
        offset: 0,
        needed: 1,
        had: 0,
      });
    }
    answer.push(part);
  }
  return answer;
}

/** `\\server\share\path` -> its parts. */
function parts(unc: string): { server: string; share: string; path: string } {
  const [server = "", share = "", ...path] = unc.replaceAll("/", "\\").replace(/^\\+/, "").split(
    "\\",
  );
  return { server, share, path: path.filter((name) => name !== "").join("\\") };
}

function uncOf(place: { server: string; share: string; path: string }): string {
  const root = `\\\\${place.server}\\${place.share}`;
  return place.path === "" ? root : `${root}\\${place.path}`;
}

/**
 * Follows the DFS links of a path.
 *
 * @param path Relative to `share`, or `\\server\share\path`.
 * @throws {ScriptError} When links lead in a circle.
 * @throws {WireError} When a referral stands for more than the path.
 */
export async function resolveDfs(path: string, how: {
  readonly tree: Tree;
  readonly server: string;
  readonly share: string;
  readonly map: Readonly<Record<string, string>>;
}): Promise<DfsLocation> {
  const mapped = new Map(
    Object.entries(how.map).map(([unc, share]) => [uncOf({ ...parts(unc), path: "" }), share]),
  );
  const localShare = (place: { server: string; share: string }) => {
    const wanted = uncOf({ ...place, path: "" }).toLowerCase();
    for (const [unc, share] of mapped) if (unc.toLowerCase() === wanted) return share;
    return place.share;
  };
  let place = /^[\\/]{2}/.test(path)
    ? parts(path)
    : parts(`\\\\${how.server}\\${how.share}\\${path}`);
  for (let hops = 0; hops <= MAX_HOPS; hops++) {
    const share = localShare(place);
    const asked = uncOf({ server: how.server, share, path: place.path });
    const operation = how.tree.dfsReferral(asked, { expect: ["SUCCESS", ...NO_REFERRAL] });
    const referral = await operation;
    const target = (await operation.outcome).code === Status.SUCCESS
      ? referral.targets.find(({ targets }) => targets.length > 0)?.targets[0]
      : undefined;
    const here = { unc: uncOf(place), share, path: place.path, hops };
    if (target === undefined) return here;
    // Counted with one leading separator (MS-DFSC 2.2.4), which UNC text has twice.
    const question = asked.slice(1);
    if (referral.consumed > question.length) {
      throw new WireError(
        `Cannot follow a DFS referral: it stands for ${referral.consumed} of ${question.length} characters`,
        { field: "PathConsumed", offset: 0 },
      );
    }
    const next = parts(`${target}\\${question.slice(referral.consumed)}`);
    // A root names itself as its target: there is no link to follow.
    if (
      uncOf({ ...next, server: how.server, share: localShare(next) }).toLowerCase() ===
        asked.toLowerCase()
    ) {
      return here;
    }
    place = next;
  }
  throw new ScriptError(
    `Cannot follow the DFS links of ${JSON.stringify(path)}: there are more than ${MAX_HOPS}`,
  );
}
