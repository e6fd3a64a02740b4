import { hostOf } from './authority.ts';
import { PathTree } from './path-tree.ts';
import type { Rule } from './rule.ts';
import type { Subject } from './subject.ts';

const DOT = 0x2e;

/** All rules, by their hosts. */
export class HostIndex {
  readonly #anyHost = new PathTree();
  readonly #hosts = new Map<string, PathTree>();
  /** By what follows the `*`: `.example.com`. */
  readonly #domains = new Map<string, PathTree>();
  /** The lengths that those have, each once. */
  readonly #domainLengths: number[] = [];

  /** Rules come in their order. */
  add(rule: Rule, hosts: readonly string[] | undefined): void {
    if (hosts === undefined) this.#anyHost.add(rule);
    for (const host of new Set(hosts)) {
      if (host.startsWith('*.')) this.#addDomain(rule, host.slice(1));
      else treeOf(this.#hosts, host).add(rule);
    }
  }

  /** The first rule that admits the request. */
  find(subject: Subject): Rule | undefined {
    const found = this.#anyHost.find(subject, undefined);
    if (this.#hosts.size === 0 && this.#domains.size === 0) return found;
    const host = hostOf(subject.head.authority);
    const ofHost = this.#hosts.get(host)?.find(subject, found) ?? found;
    return this.#domains.size === 0 ? ofHost : this.#findDomain(host, subject, ofHost);
  }

  #findDomain(host: string, subject: Subject, best: Rule | undefined): Rule | undefined {
    let found = best;
    for (const length of this.#domainLengths) {
      const start = host.length - length;
      if (start > 0 && host.charCodeAt(start) === DOT) {
        found = this.#domains.get(host.slice(start))?.find(subject, found) ?? found;
      }
    }
    return found;
  }

  #addDomain(rule: Rule, domain: string): void {
    treeOf(this.#domains, domain).add(rule);
    if (!this.#domainLengths.includes(domain.length)) this.#domainLengths.push(domain.length);
  }
}

function treeOf(trees: Map<string, PathTree>, host: string): PathTree {
  let tree = trees.get(host);
  if (tree === undefined) {
    tree = new PathTree();
    trees.set(host, tree);
  }
  return tree;
}
