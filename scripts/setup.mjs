// Sets up what a clone lacks and prints the path of the Node that runs Weft.
//
//   node scripts/setup.mjs [--bundle]
//
// Plain JavaScript, since it starts on whatever Node a machine has. This file alone must parse
// on very old ones, to tell their owners what is wrong.

const OLDEST_MAJOR = 20;

if (Number.parseInt(process.versions.node, 10) < OLDEST_MAJOR) {
  console.error(
    `weft: Node.js ${process.versions.node} (${process.execPath}) is too old to set Weft up. ` +
      `Put Node.js ${OLDEST_MAJOR} or later first on PATH (https://nodejs.org), then run this again.`,
  );
  process.exitCode = 1;
} else {
  void import('./setup/main.mjs').then((main) => main.run(process.argv.slice(2)));
}
