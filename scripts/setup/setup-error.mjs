// @ts-check

/** Setting up failed in a way that the message explains to a person, with the next step. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}
