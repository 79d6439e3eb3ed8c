// Counts the segments of a text while it is typed, as the server does when it is looked at; shows what a way needs.
(() => {
  "use strict";
  const BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
  const DOUBLE = "\f^{}\\[~]|€";
  const PLAIN = [[/[‘’‛′ʼ`´]/g, "'"], [/[“”„‟«»″]/g, '"'], [/[‐‑‒–—―−•·]/g, "-"], [/…/g, "..."], [/[\t\u00a0\u2000-\u200a\u202f]/g, " "], [/[\u00ad\u200b\u2060\ufeff]/g, ""]];
  const plain = (text) => PLAIN.reduce((it, [from, to]) => it.replace(from, to), text.normalize("NFC"));
  const segments = (text) => {
    const letters = [...text];
    const gsm = letters.every((it) => BASIC.includes(it) || DOUBLE.includes(it));
    const cost = (it) => (gsm ? (DOUBLE.includes(it) ? 2 : 1) : it.length);
    const units = letters.reduce((sum, it) => sum + cost(it), 0);
    const [whole, part] = gsm ? [160, 153] : [70, 67];
    if (units <= whole) return { count: 1, gsm };
    let count = 1, used = 0;
    for (const it of letters) {
      if (used + cost(it) > part) { count += 1; used = 0; }
      used += cost(it);
    }
    return { count, gsm };
  };
  document.querySelectorAll("form[data-answer]").forEach((form) => {
    const words = form.querySelector("textarea[name=words]");
    const line = form.querySelector("[data-count]");
    const only = form.querySelector("[data-only]");
    const way = () => (form.querySelector("[name=channel]:checked") || form.querySelector("input[type=hidden][name=channel]")).value;
    const show = () => {
      if (only) only.hidden = way() !== "email";
      if (!line) return;
      line.hidden = way() !== "sms";
      const typed = plain(words.value).trim();
      const text = typed ? line.dataset.before + typed + line.dataset.after : "";
      const { count, gsm } = segments(text);
      const long = [...text].length > 1600;
      line.classList.toggle("long", long);
      const said = long ? line.dataset.long : count === 1 ? line.dataset.one : line.dataset.other;
      line.textContent = said.replace("{segments}", count).replace("{encoding}", gsm ? "GSM-7" : "UCS-2").replace("{characters}", [...text].length);
    };
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
  });
})();
