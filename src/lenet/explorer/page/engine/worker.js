/** What the page's worker does. */

/**
 * Answers the page's messages.
 * @param {any} scope
 */
export function work(scope) {
  scope.onmessage = () => {};
}
