import type { Command } from './command.ts';

/** Placeholder until the command is written. */
export const command: Command = {
  name: 'demo',
  summary: 'Run a whole mesh on this machine and watch it',
  help: 'Usage: weft demo\n\nNot in this version yet.\n',
  run: async (_args, io) => {
    io.stderr('weft demo: not in this version yet\n');
    return 1;
  },
};
