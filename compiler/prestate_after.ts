/** What a capture left behind: names that are there now and were not, or are there no more, and files of another size. */
import type { PreEntry } from "./prestate.ts";
import type { NameTree, Node, Slot } from "./prestate_tree.ts";

/** What is otherwise than before, by walking the names that are known; at most `limit` of them. */
export function changesOf(names: NameTree, limit: number): PreEntry[] {
  const changes: PreEntry[] = [];
  const walk = (node: Node, before: string) => {
    for (const slot of node.slots.values()) {
      if (changes.length >= limit) return;
      const stream = slot.name.startsWith(":");
      const path = before === "" || stream ? `${before}${slot.name}` : `${before}\\${slot.name}`;
      const change = changeOf(slot, path);
      if (change !== null) changes.push(change);
      if (slot.node !== null) walk(slot.node, path);
    }
  };
  walk(names.root, "");
  return changes;
}

function changeOf({ node, before, frame }: Slot, path: string): PreEntry | null {
  const wasThere = before !== null && before.kind !== "absent";
  if (node === null) return wasThere ? { path, kind: "absent", opened: true, frame } : null;
  const moved = node.pre !== null && node.pre !== before;
  const isNew = node.made || moved;
  if (!isNew && !node.sizeChanged) return null;
  return {
    path,
    kind: node.directory === true ? "directory" : "file",
    opened: true,
    frame: Math.max(frame, node.frame),
    ...(node.size === null || node.directory === true ? {} : { size: node.size }),
  };
}
