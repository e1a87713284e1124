// Writes static/icons.svg from the icons named in icons.json (our word -> Lucide's), and copies licences.
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

const lucide = "node_modules/lucide-static";
const fonts = "node_modules/@fontsource-variable";

function symbol([name, source]) {
  const svg = readFileSync(`${lucide}/icons/${source}.svg`, "utf8");
  const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
}

const names = JSON.parse(readFileSync("assets/icons.json", "utf8"));
const brand = readFileSync("assets/brand.svg", "utf8").trim();
const symbols = [brand, ...Object.entries(names).map(symbol)];
writeFileSync("static/icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
copyFileSync(`${lucide}/LICENSE`, "static/icons.LICENSE.txt");

copyFileSync(`${fonts}/geist/LICENSE`, "static/fonts/geist.LICENSE.txt");
