// Before the first paint: dark or light, as the person chose it here, else as the system says.
{
  const kept = localStorage.getItem("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => { document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light"); };
  document.documentElement.dataset.theme = kept ?? (dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => { show(); dispatchEvent(new Event("theme")); });
}
