import { earliest, type Rule } from './rule.ts';
import type { Subject } from './subject.ts';

const SLASH = 0x2f;

/** Where a path may end or branch. */
interface Node {
  /** What leads here from the node above. */
  label: string;
  /** By the first character of their labels. */
  readonly children: Map<number, Node>;
  /** Rules for the path that ends here, in their order. */
  readonly exact: Rule[];
  /** Rules for paths with the prefix that ends here, in their order. */
  readonly prefix: Rule[];
}

/**
 * The rules of one host by their paths: a radix tree, so that a look-up takes time by the length of
 * the path and not by the number of rules, and makes nothing.
 */
export class PathTree {
  readonly #root = newNode('');
  /** Rules that no path finds: those without one, and those with a regular expression. */
  readonly #others: Rule[] = [];

  /** Rules come in their order. */
  add(rule: Rule): void {
    const { exact, prefix } = rule.path ?? {};
    if (exact !== undefined) this.#reach(exact).exact.push(rule);
    else if (prefix !== undefined) this.#reach(barePrefix(prefix)).prefix.push(rule);
    else this.#others.push(rule);
  }

  /** The first rule that admits the request, if it comes before `best`; `best` otherwise. */
  find(subject: Subject, best: Rule | undefined): Rule | undefined {
    const { path, pathEnd } = subject;
    let found = earliest(this.#others, subject, best);
    let node: Node | undefined = this.#root;
    let at = 0;
    while (node !== undefined) {
      const { label } = node;
      if (label.length > pathEnd - at || !path.startsWith(label, at)) break;
      at += label.length;
      if (at === pathEnd) {
        if (at > 0) found = earliest(node.prefix, subject, found);
        return earliest(node.exact, subject, found);
      }
      const next = path.charCodeAt(at);
      if (next === SLASH) found = earliest(node.prefix, subject, found);
      node = node.children.get(next);
    }
    return found;
  }

  /** The node at which `path` ends, made if it is not there. */
  #reach(path: string): Node {
    let node = this.#root;
    let at = 0;
    while (at < path.length) {
      const first = path.charCodeAt(at);
      const child = node.children.get(first);
      if (child === undefined) {
        const leaf = newNode(path.slice(at));
        node.children.set(first, leaf);
        return leaf;
      }
      const shared = sharedLength(child.label, path, at);
      node = shared === child.label.length ? child : split(node, child, shared);
      at += shared;
    }
    return node;
  }
}

/** A prefix as it is compared, in whole segments: `/api/` means `/api`, and `/` is what every path begins with. */
export function barePrefix(prefix: string): string {
  return prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
}

function newNode(label: string): Node {
  return { label, children: new Map(), exact: [], prefix: [] };
}

/** Puts a node between `parent` and `child`, after the first `length` characters of the child's label. */
function split(parent: Node, child: Node, length: number): Node {
  const middle = newNode(child.label.slice(0, length));
  child.label = child.label.slice(length);
  middle.children.set(child.label.charCodeAt(0), child);
  parent.children.set(middle.label.charCodeAt(0), middle);
  return middle;
}

function sharedLength(label: string, path: string, at: number): number {
  let length = 0;
  while (length < label.length && label.charCodeAt(length) === path.charCodeAt(at + length)) length++;
  return length;
}
