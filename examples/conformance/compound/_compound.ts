/** What the scenarios on compounds share: requests with fields of the header that a client would not choose. */
import type { ExpectedStatus, OpenOptions, OperationOptions, Tree } from "smbench";

/** A file to create or open for everything. */
export const ANY_FILE: OpenOptions = {
  access: "all",
  disposition: "openIf",
  options: ["sequentialOnly", "nonDirectory"],
};

/** A request that is related to the one before it, wherever in a chain it stands. */
export function related(expect: ExpectedStatus = "SUCCESS"): OperationOptions {
  return { expect, related: true };
}

/** A request that leaves session and share to the one before it; or names none, where it is not related. */
export function nameless(
  expect: ExpectedStatus,
  options: { readonly related: boolean } = { related: true },
): OperationOptions {
  return {
    expect,
    related: options.related,
    raw: { header: { sessionId: 2n ** 64n - 1n, treeId: 0xffffffff } },
  };
}

/** FSCTL_CREATE_OR_GET_OBJECT_ID (MS-FSCC 2.3.1), which the server answers for every file. */
export const OBJECT_ID = "CREATE_OR_GET_OBJECT_ID";

/** The security descriptor that says nothing (MS-DTYP 2.4.6): revision 1, self-relative. */
export const EMPTY_DESCRIPTOR = new Uint8Array(20).fill(1, 0, 1).fill(0x80, 3, 4);

/** DACL_SECURITY_INFORMATION (MS-DTYP 2.4.7). */
export const DACL = { type: "security", additional: 0x04 } as const;

/** Deletes what the scenario made, where it is there. */
export async function remove(tree: Tree, path: string): Promise<void> {
  const file = await tree.open(path, {
    access: "d",
    options: ["deleteOnClose"],
    expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND"],
  });
  if (file.isOpen) await file.close();
}
