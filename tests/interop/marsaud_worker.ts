/** A worker that runs the back end of `@marsaud/smb2` as the sandbox would: for `marsaud_test.ts`. */
import { connectTcp } from "../../runtime/client/mod.ts";
import { MarsaudConnection } from "../../runtime/client/marsaud/mod.ts";
import { statusName } from "../../runtime/wire/mod.ts";

interface Step {
  readonly token: Uint8Array | null;
  readonly done: boolean;
  readonly sessionKey: Uint8Array | null;
}

/** From the test. */
export type ToMarsaudWorker =
  | {
    readonly kind: "go";
    readonly hostname: string;
    readonly port: number;
    readonly share: string;
  }
  | { readonly kind: "token"; readonly step: Step };

/** To the test. */
export type FromMarsaudWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "token"; readonly token: Uint8Array | null }
  | { readonly kind: "done"; readonly text: string; readonly statuses: readonly string[] };

const OVERWRITE_IF = 5;
const READ_WRITE = 0x0012019f;

const scope = globalThis as unknown as {
  postMessage(message: FromMarsaudWorker): void;
  onmessage: (event: MessageEvent<ToMarsaudWorker>) => void;
};
let waiting: ((step: Step) => void) | null = null;

scope.onmessage = ({ data }) => {
  if (data.kind === "token") waiting?.(data.step);
  else void run(data);
};
scope.postMessage({ kind: "ready" });

async function run(target: Extract<ToMarsaudWorker, { kind: "go" }>): Promise<void> {
  const { hostname, port, share } = target;
  const connection = MarsaudConnection.connect(await connectTcp({ hostname, port }));
  await connection.negotiate();
  const session = await connection.session({
    mechanism: "ntlm",
    user: "someone",
    start: () => ({
      step(token) {
        const { promise, resolve } = Promise.withResolvers<Step>();
        waiting = resolve;
        scope.postMessage({ kind: "token", token });
        return promise;
      },
    }),
  });
  const tree = await session.tree(`\\\\${hostname}\\${share}`);
  const file = await tree.create("w.txt", {
    desiredAccess: READ_WRITE,
    createDisposition: OVERWRITE_IF,
  });
  await file.write(0, new TextEncoder().encode("from the worker"));
  const { body } = await file.read(0, 100);
  const { status } = await file.close();
  connection.close();
  scope.postMessage({
    kind: "done",
    text: new TextDecoder().decode(body.data),
    statuses: [statusName(status)],
  });
}
