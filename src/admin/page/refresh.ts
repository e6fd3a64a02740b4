/** How often the page asks again, in seconds. */
export const REFRESH_SECONDS = 5;

/**
 * Takes the main part of the page in again and again. It waits while somebody types, marks text
 * or looks elsewhere, and, unlike a reload, keeps the last state on the screen while the proxy
 * is gone, and comes back with it. Written for the browser; stands in the page as it is here.
 */
export const REFRESH_SCRIPT = `
const live = document.getElementById('live');
live.closest('label').hidden = false;
let since = new Date();
let busy = false;
const inUse = () => {
  const field = document.activeElement;
  if (field instanceof HTMLInputElement && field !== live) return true;
  return !document.getSelection().isCollapsed;
};
const refresh = async () => {
  if (busy || !live.checked || document.hidden || inUse()) return;
  busy = true;
  try {
    const reply = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(4000) });
    if (!reply.ok) throw new Error(reply.statusText);
    const next = new DOMParser().parseFromString(await reply.text(), 'text/html');
    if (!inUse()) document.querySelector('main').replaceWith(next.querySelector('main'));
    document.title = next.title;
    document.body.classList.remove('lost');
    since = new Date();
  } catch {
    document.getElementById('since').textContent = since.toLocaleTimeString();
    document.body.classList.add('lost');
  } finally {
    busy = false;
  }
};
setInterval(refresh, ${REFRESH_SECONDS * 1000});
document.addEventListener('visibilitychange', refresh);
`;
