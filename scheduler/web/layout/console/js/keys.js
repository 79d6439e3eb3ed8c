// Keys for those who do this all day. Off while somebody types, and off for good for who wants that (WCAG 2.1.4).
(() => {
  "use strict";
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  document.documentElement.classList.add("scripted");
  const KEPT = "aftercare.keys";
  const are = { on: localStorage.getItem(KEPT) !== "off" };
  const toggle = dialog.querySelector("[data-switch-keys]");
  const say = () => { toggle.textContent = are.on ? dialog.dataset.switchOff : dialog.dataset.switchOn; };
  toggle.addEventListener("click", () => {
    are.on = !are.on;
    if (are.on) localStorage.removeItem(KEPT); else localStorage.setItem(KEPT, "off");
    say();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  document.querySelectorAll("[data-show-keys]").forEach((it) => it.addEventListener("click", () => {
    it.closest("details")?.removeAttribute("open");
    dialog.showModal();
  }));
  say();

  const rows = () => [...document.querySelectorAll("main tbody tr, main [data-row]")]
    .map((it) => it.querySelector("a[href], button")).filter(Boolean);
  const move = (by) => {
    const all = rows();
    const here = all.findIndex((it) => it.closest("tr, [data-row]").contains(document.activeElement));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog[open]");
  let before = "", since = 0;
  const press = (event) => {
    const pair = before === "g" && Date.now() - since < 1500;
    before = "";
    if (pair) {
      const link = document.querySelector(`[data-key="g ${CSS.escape(event.key)}"]`);
      if (link) { location.assign(link.href); return true; }
      return false;
    }
    if (event.key === "g") { before = "g"; since = Date.now(); return false; }
    if (event.key === "j" || event.key === "k") { move(event.key === "j" ? 1 : -1); return true; }
    if (event.key === "?") { dialog.showModal(); return true; }
    if (event.key === "/") {
      const field = document.querySelector("main [data-search]");
      if (field) { field.focus(); field.select(); return true; }
    }
    const link = document.querySelector(`main [data-key="${CSS.escape(event.key)}"], [data-anywhere-key="${CSS.escape(event.key)}"]`);
    if (link) { link.click(); return true; }
    return false;
  };
  document.addEventListener("keydown", (event) => {
    if (!are.on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length !== 1 || typing(event.target)) return;
    if (press(event)) event.preventDefault();
  });
})();
