// Listens to whether anything happened, looks at this page again quietly, and puts its live regions in place.
// Nothing here is needed: a page is true when it is opened.
(() => {
  "use strict";
  const url = document.body.dataset.liveUrl;
  const state = document.getElementById("live-state");
  if (!url || !document.querySelector("main [data-live], #places[data-live]")) return;
  const QUIET = { "X-Desk-Quiet": "1" };
  const SOONEST = 1000, MOST_WAIT = 30000;
  let listening = null, asked = Date.now(), planned = null, failures = 0;

  const show = (text) => {
    state.hidden = !text;
    if (text) state.firstChild.before(document.createTextNode(text + " "));
  };
  const stale = () => { if (state.hidden) show(state.dataset.stale); };
  const fresh = () => {
    state.hidden = true;
    while (state.firstChild.nodeType === Node.TEXT_NODE) state.firstChild.remove();
  };

  // What somebody works in stays as it is: a field that was changed, a menu that is open, a selection of text.
  const busy = (region) => {
    const active = document.activeElement;
    if (region.contains(active) && active.matches("input, textarea, select")) return true;
    if (region.querySelector("details[data-menu][open]")) return true;
    const selection = getSelection();
    if (selection && !selection.isCollapsed && region.contains(selection.anchorNode)) return true;
    return [...region.querySelectorAll("input, textarea, select")].some((it) =>
      it.type === "checkbox" || it.type === "radio" ? it.checked !== it.defaultChecked :
      it.options ? [...it.options].some((one) => one.selected !== one.defaultSelected) && it.value !== it.options[0].value :
      it.type !== "hidden" && it.value !== it.defaultValue);
  };

  // Where something stands among its like: its id, its address, or its place.
  const trace = (region, element) => {
    if (!element || !region.contains(element)) return null;
    if (element.id) return (fresh) => fresh.querySelector("#" + CSS.escape(element.id));
    const kind = element.tagName.toLowerCase();
    const href = element.getAttribute("href");
    const like = href ? `${kind}[href="${CSS.escape(href)}"]` : kind;
    const place = [...region.querySelectorAll(like)].indexOf(element);
    return (fresh) => fresh.querySelectorAll(like)[place];
  };

  const swap = (old, young) => {
    if (old.className !== young.className) old.className = young.className;
    if (old.innerHTML === young.innerHTML || busy(old)) return false;
    const focus = trace(old, document.activeElement);
    const open = [...old.querySelectorAll("details[open]")].map((it) => trace(old, it));
    const scrolls = [...old.querySelectorAll("*")].filter((it) => it.scrollLeft || it.scrollTop)
      .map((it) => [trace(old, it), it.scrollLeft, it.scrollTop]);
    old.replaceChildren(...young.childNodes);
    open.forEach((find) => { const it = find(old); if (it) it.open = true; });
    scrolls.forEach(([find, left, top]) => { const it = find(old); if (it) it.scrollTo(left, top); });
    const again = focus && focus(old);
    if (again) again.focus({ preventScroll: true });
    return true;
  };

  const announce = (young) => {
    const said = young.querySelector("main [data-announce]");
    const here = document.querySelector("main [data-announce]");
    const line = document.getElementById("announce");
    if (said && line && (!here || said.dataset.announce !== here.dataset.announce)) line.textContent = said.dataset.announce;
  };

  const look = async () => {
    planned = null;
    asked = Date.now();
    let answer;
    try {
      answer = await fetch(location.href, { headers: QUIET, credentials: "same-origin", redirect: "error" });
    } catch { return stale(); }
    if (!answer.ok) return stale();
    const young = new DOMParser().parseFromString(await answer.text(), "text/html");
    announce(young);
    let missing = false;
    document.querySelectorAll("[data-live][id]").forEach((old) => {
      const found = young.getElementById(old.id);
      if (found) swap(old, document.importNode(found, true)); else missing = true;
    });
    if (missing) stale(); else fresh();
    document.dispatchEvent(new CustomEvent("desk:looked"));
  };
  const soon = () => {
    if (planned !== null || document.hidden) return;
    planned = setTimeout(look, Math.max(0, asked + SOONEST - Date.now()));
  };

  const listen = async () => {
    if (listening || document.hidden) return;
    const mine = listening = new AbortController();
    try {
      const answer = await fetch(url, { headers: QUIET, credentials: "same-origin", signal: mine.signal });
      if (answer.status !== 200) { stale(); failures = answer.status === 503 ? failures + 1 : Infinity; return; }
      failures = 0;
      soon(); // what happened while nobody listened, between the page and this; once a minute, since each ends then
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        if (parts.some((it) => it.startsWith("event: changed"))) soon();
      }
    } catch { failures += 1; } finally {
      if (listening === mine) listening = null;
      if (!mine.signal.aborted && failures < Infinity) {
        if (failures > 3) stale();
        setTimeout(listen, failures ? Math.min(MOST_WAIT, 500 * 2 ** failures) : 50);
      }
    }
  };

  // A hidden page listens to nothing: browsers allow few connections to a host, and all pages need them.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { listening?.abort(); listening = null; } else { soon(); listen(); }
  });
  addEventListener("pagehide", () => { listening?.abort(); listening = null; });
  addEventListener("pageshow", (event) => { if (event.persisted) { soon(); listen(); } });
  document.addEventListener("desk:look", soon); // work that is going on tells nobody: whoever shows it asks
  listen();
})();
