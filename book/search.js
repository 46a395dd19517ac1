// Adds to each page a search by Pagefind, and a link to the same page in the other language.
(() => {
  const root = new URL(path_to_root || "./", location.href);
  const site = new URL("../", root);
  const chinese = document.documentElement.lang === "zh-CN";

  const other = document.createElement("a");
  other.id = "other-language";
  other.lang = chinese ? "en" : "zh-CN";
  other.textContent = chinese ? "English" : "中文";
  other.href = new URL(other.lang + "/" + location.href.slice(root.href.length).replace(/#.*/, ""), site);
  document.querySelector(".right-buttons").prepend(other);

  const box = document.createElement("div");
  box.id = "search-box";
  document.querySelector("#mdbook-content").prepend(box);
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL("pagefind/pagefind-ui.css", site);
  const script = document.createElement("script");
  script.src = new URL("pagefind/pagefind-ui.js", site);
  script.onload = () => new PagefindUI({
    element: box,
    bundlePath: new URL("pagefind/", site).pathname,
    baseUrl: site.pathname,
    showImages: false,
    showSubResults: true,
    pageSize: 10,
  });
  document.head.append(style, script);
  // The arrow keys turn mdBook's pages, but not while somebody types.
  box.addEventListener("keydown", event => event.stopPropagation());
})();
