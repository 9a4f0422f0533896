/**
 * House rules as lint, so that an editor shows them: see house-style.md sections 1.2 and 3.
 *
 * - `smbench/no-top-level-arrow`: a top-level function is a declaration.
 * - `smbench/no-private-keyword`: `#private`, not `private`.
 * - `smbench/error-message`: an error's message begins with a capital letter, has no contraction and no full stop at its end.
 * - `smbench/deno-namespace`: `Deno.*` appears only in the rooms at the rim.
 *
 * @module
 */

import { mayNameDeno, placeOf } from "./rooms.ts";
import { projectRoot } from "./tree.ts";

const CONTRACTION = /\b\w+n't\b|\b(?:it|that|there|what|let)'s\b|\b\w+'(?:ll|re|ve)\b|\bI'm\b/i;

/** What is wrong with the wording of an error message; undefined where nothing is. */
export function judgeErrorMessage(message: { readonly start: string; readonly end: string }):
  | string
  | undefined {
  if (/^[a-z]/.test(message.start)) return "An error message begins with a capital letter";
  if (/[^.]\.$/.test(message.end)) return "An error message has no full stop at its end";
  const contraction = CONTRACTION.exec(message.start) ?? CONTRACTION.exec(message.end);
  if (contraction !== null) return `An error message has no contraction: ${contraction[0]}`;
  return undefined;
}

/** The first and last fixed text of a message, where the expression has them. */
function fixedText(node: Deno.lint.Node | undefined): { start: string; end: string } | undefined {
  if (node?.type === "Literal" && typeof node.value === "string") {
    return { start: node.value, end: node.value };
  }
  if (node?.type === "TemplateLiteral") {
    return { start: node.quasis[0]?.cooked ?? "", end: node.quasis.at(-1)?.cooked ?? "" };
  }
  return undefined;
}

/** The path relative to the root, or undefined for a file of another project. */
function relative(filename: string): string | undefined {
  const root = `${projectRoot()}/`;
  return filename.startsWith(root) ? filename.slice(root.length) : undefined;
}

const noTopLevelArrow: Deno.lint.Rule = {
  create(context) {
    return {
      "Program > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression"(node) {
        context.report({ node, message: "A top-level function is a function declaration" });
      },
      "Program > ExportNamedDeclaration > VariableDeclaration > VariableDeclarator > ArrowFunctionExpression"(
        node,
      ) {
        context.report({ node, message: "A top-level function is a function declaration" });
      },
    };
  },
};

const noPrivateKeyword: Deno.lint.Rule = {
  create(context) {
    const message = "A private member is written #name, not with the keyword private";
    return {
      PropertyDefinition(node) {
        if (node.accessibility === "private") context.report({ node, message });
      },
      MethodDefinition(node) {
        if (node.accessibility === "private" && node.kind !== "constructor") {
          context.report({ node, message });
        }
      },
      TSParameterProperty(node) {
        if (node.accessibility === "private") context.report({ node, message });
      },
    };
  },
};

const errorMessage: Deno.lint.Rule = {
  create(context) {
    return {
      NewExpression(node) {
        const { callee } = node;
        const name = callee.type === "Identifier"
          ? callee.name
          : callee.type === "MemberExpression" && callee.property.type === "Identifier"
          ? callee.property.name
          : "";
        if (!/^(?:[A-Z]\w*)?Error$|^NotFound$/.test(name)) return;
        for (const argument of node.arguments) {
          const text = fixedText(argument);
          // One word is a code (the side of a protocol error, the kind of a store error), not a message.
          if (text === undefined || !(text.start + text.end).includes(" ")) continue;
          const message = judgeErrorMessage(text);
          if (message !== undefined) context.report({ node, message });
        }
      },
    };
  },
};

const denoNamespace: Deno.lint.Rule = {
  create(context) {
    const path = relative(context.filename);
    // A file that is in no room yet is the business of the import check.
    if (path === undefined || placeOf(path).kind === "unknown" || mayNameDeno(path)) return {};
    return {
      MemberExpression(node) {
        if (node.object.type === "Identifier" && node.object.name === "Deno") {
          context.report({
            node,
            message: "Deno.* appears only in transport, sandbox, cli, compiler/capture and tests",
            hint: "Take what is needed as a parameter, or see tests/checks/rooms.ts",
          });
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "smbench",
  rules: {
    "no-top-level-arrow": noTopLevelArrow,
    "no-private-keyword": noPrivateKeyword,
    "error-message": errorMessage,
    "deno-namespace": denoNamespace,
  },
};
export default plugin;
