// Menus are <details>: they work alone. With this, one closes when another opens, on Escape, and on a click elsewhere.
(() => {
  "use strict";
  const open = () => [...document.querySelectorAll("details[data-menu][open]")];
  document.addEventListener("click", (event) => open().forEach((it) => { if (!it.contains(event.target)) it.open = false; }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open().forEach((it) => {
      it.open = false;
      if (it.contains(document.activeElement)) it.querySelector("summary").focus();
    });
  });
  document.addEventListener("focusout", (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
  // What is wrong is read out, and the keyboard begins there.
  document.getElementById("problems")?.focus();
  // A form that was sent is not sent twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((it) => delete it.dataset.sent));
})();
