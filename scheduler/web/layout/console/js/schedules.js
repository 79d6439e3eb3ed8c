// Where a page says that something is being worked out ([data-soon]), it is looked at again until that is done.
(() => {
  "use strict";
  const EVERY = 1500;
  setInterval(() => {
    if (document.querySelector("main [data-soon]")) document.dispatchEvent(new Event("desk:look"));
  }, EVERY);
})();
