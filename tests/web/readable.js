// What a page's reader would stumble over, as words: contrast below WCAG's AA, no name, no table.
(() => {
  const channels = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);

  function paper(node) {
    for (; node; node = node.parentElement) {
      const found = channels(getComputedStyle(node).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  }

  function faint(node) {
    const text = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data.trim()).join("");
    const unseen = node.closest("svg, script, :disabled, .hidden, .skip");
    if (!text || unseen || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return [];
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const [bright, dark] = [light(channels(style.color)), light(paper(node))].sort((a, b) => b - a);
    const contrast = (bright + 0.05) / (dark + 0.05), least = size >= 24 || (size >= 18.6 && style.fontWeight >= 600) ? 3 : 4.5;
    return contrast < least ? [`faint: ${node.className || node.tagName} "${text.slice(0, 20)}" ${contrast.toFixed(2)}`] : [];
  }

  function unnamed(node) {
    const named = node.ariaLabel || node.textContent.trim() || node.labels?.length || node.title;
    return node.checkVisibility() && !named ? [`without a name: ${node.outerHTML.slice(0, 120)}`] : [];
  }

  function tableless(node) {
    const table = node.closest("section, figure").querySelector("details, table, p[role=status], .soft");
    return node.clientWidth && !table ? [`without a table: ${node.ariaLabel}`] : [];
  }

  const all = (selector) => [...document.body.querySelectorAll(selector)];
  return [
    ...all("*").flatMap(faint),
    ...all("a[href], button, input, select, canvas.bundle, [role=img], [role=region]").flatMap(unnamed),
    ...all(".chart, canvas.bundle").flatMap(tableless),
  ];
})();
