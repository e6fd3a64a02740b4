import { finding, type Finding, type Path } from './issue.ts';
import { quote } from './value.ts';

/** Names that must be unique and are not. */
export function repeated(named: readonly { path: Path; name: string | undefined }[], noun: string): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const { path, name } of named) {
    if (name === undefined) continue;
    if (seen.has(name))
      findings.push(finding(path, `another ${noun} is named ${quote(name)}`, 'give each its own name'));
    seen.add(name);
  }
  return findings;
}
